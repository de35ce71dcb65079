/** Where in an object something is, printed as Kubernetes does: `spec.containers[0].ports[1].name`. Immutable. */
export class FieldPath {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The path of a named field below this one; several names go several levels down. */
  child(...names: string[]): FieldPath {
    let text = this.#text;
    for (const name of names) text = text === '' ? name : `${text}.${name}`;
    return new FieldPath(text);
  }

  /** The path of a list's element. */
  index(index: number): FieldPath {
    return new FieldPath(`${this.#text}[${index}]`);
  }

  /** The path of a map's value. */
  key(key: string): FieldPath {
    return new FieldPath(`${this.#text}[${key}]`);
  }

  toString(): string {
    return this.#text;
  }
}

/** Starts a path: `fieldPath('spec', 'template')`. With no name: the object itself. */
export function fieldPath(...names: string[]): FieldPath {
  return new FieldPath('').child(...names);
}
