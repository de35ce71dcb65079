/** A part of the control plane with a life cycle. Made by a function `createX(options, deps): Component`. */
export interface Component {
  readonly name: string;
  /** Resolves when the component serves. Rejects (and leaves nothing running) when it cannot. */
  start(): Promise<void>;
  /** Drains and releases everything it holds. Idempotent; safe before `start`. */
  stop(): Promise<void>;
  /** True between a successful start and stop, while it can do its work. */
  ready(): boolean;
}
