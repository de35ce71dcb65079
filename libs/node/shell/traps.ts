import { abortable } from '@drydock/base/clock';
import { signalNumbers } from './signals.ts';

type Catch = (number: number) => void;

/** The actions of a shell's `trap`, and the signals that wait for them. A signal is answered when the command under way has ended. */
export class Traps {
  readonly #actions = new Map<string, string>();
  readonly #handlers: Map<number, () => void> | undefined;
  readonly #caught: string[] = [];
  /** Those who wait for the next signal. */
  readonly #waiting = new Set<Catch>();

  /** `handlers`: where the process tells what it catches; a subshell catches nothing. */
  constructor(handlers: Map<number, () => void> | undefined) {
    this.#handlers = handlers;
  }

  /** `undefined` takes the action away; an empty one has the signal ignored. */
  set(name: string, action: string | undefined): void {
    const number = signalNumbers[name];
    // Nobody catches these two.
    if (name === 'KILL' || name === 'STOP') return;
    if (action === undefined) {
      this.#actions.delete(name);
      if (number !== undefined) this.#handlers?.delete(number);
      return;
    }
    this.#actions.set(name, action);
    if (number === undefined) return;
    this.#handlers?.set(number, () => {
      if (this.#actions.get(name) === '') return;
      this.#caught.push(name);
      for (const tell of this.#waiting) tell(number);
    });
  }

  /** The action at the end, which is done once. */
  takeExit(): string | undefined {
    const action = this.#actions.get('EXIT');
    this.#actions.delete('EXIT');
    return action;
  }

  /** The action for the next signal that has come. */
  takeCaught(): string | undefined {
    for (let name = this.#caught.shift(); name !== undefined; name = this.#caught.shift()) {
      const action = this.#actions.get(name);
      if (action !== undefined) return action;
    }
    return undefined;
  }

  /** Waits for a job, and not longer than until a signal is caught: then for what a shell says of that one. */
  async waitFor(job: Promise<number>, signal: AbortSignal): Promise<{ status: number; caught: boolean }> {
    let tell: Catch = () => undefined;
    const interrupted = new Promise<{ status: number; caught: boolean }>((resolve) => {
      tell = (number) => resolve({ status: 128 + number, caught: true });
      this.#waiting.add(tell);
    });
    try {
      const ended = abortable(job, signal).then((status) => ({ status, caught: false }));
      return await Promise.race([ended, interrupted]);
    } finally {
      this.#waiting.delete(tell);
    }
  }
}
