/** Leaves loops, functions or the shell. */
export class Flow extends Error {
  override readonly name = 'Flow';
  readonly kind: 'break' | 'continue' | 'return' | 'exit';
  /** Levels of loops, or the exit code. */
  readonly value: number;

  constructor(kind: Flow['kind'], value: number) {
    super(kind);
    this.kind = kind;
    this.value = value;
  }
}
