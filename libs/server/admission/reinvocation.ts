import type { KubeObject } from '@drydock/base/apimachinery';
import { cloneJson, deepEqual } from '@drydock/base/apimachinery';
import type { AdmissionRequest } from './types.ts';

/** What those of one plugin (its webhooks, its policies) have done to an object. */
export class Invocations {
  /** Asked already, and to be asked again when others change the object after them. */
  #done = new Set<string>();
  readonly #again = new Set<string>();
  #left: KubeObject | undefined;

  /** Whether one is asked in the second round. */
  isDue(key: string): boolean {
    return this.#again.has(key);
  }

  /** The object was changed: those that were asked before want to see it. */
  changed(): void {
    for (const key of this.#done) this.#again.add(key);
    this.#done = new Set();
  }

  /** One was asked that wants to see later changes. */
  asked(key: string): void {
    this.#done.add(key);
  }

  /** The round begins. In a second one, what others made of the object meanwhile counts as a change. */
  enter(isSecond: boolean, object: KubeObject): void {
    if (isSecond && this.#left !== undefined && !deepEqual(this.#left, object)) this.changed();
  }

  /** The round is over. */
  leave(object: KubeObject): void {
    this.#left = this.#done.size === 0 ? undefined : cloneJson(object);
  }
}

/** The rounds that one write goes through the plugins that may change it. */
export class Reinvocation {
  readonly #invocations = new Map<string, Invocations>();
  #isSecond = false;
  #isWanted = false;

  get isSecond(): boolean {
    return this.#isSecond;
  }

  /** Whether somebody changed the object at their will. */
  get hasChanged(): boolean {
    return this.#isWanted;
  }

  /** There is to be a second round. */
  want(): void {
    this.#isWanted = true;
  }

  /** Begins the second round; false where there is to be none. */
  begin(): boolean {
    this.#isSecond = this.#isWanted;
    return this.#isSecond;
  }

  of(plugin: string): Invocations {
    let known = this.#invocations.get(plugin);
    if (known === undefined) this.#invocations.set(plugin, (known = new Invocations()));
    return known;
  }
}

/** The rounds of this request, begun where nobody did. */
export function reinvocationOf(request: AdmissionRequest): Reinvocation {
  return (request.reinvocation ??= new Reinvocation());
}
