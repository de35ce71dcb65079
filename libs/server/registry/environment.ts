import type { KubeObject } from '@drydock/base/apimachinery';
import { formatTime } from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { DryRun, WriteOptions } from '@drydock/port/transport';
import type { Admission } from '../admission/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import type { RequestContext } from './registry.ts';
import type { StrategyContext, UserInfo } from './types.ts';

/** What every verb of the registry works with. */
export interface Environment {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly admission: Admission;
  /** The present time as `metadata` has it: RFC 3339, seconds. */
  timestamp(): string;
}

/** `timestamp` for an environment: formatting is done once a second. */
export function createTimestamp(clock: Clock): () => string {
  let second = NaN;
  let text = '';
  return () => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      text = formatTime(now * 1000);
    }
    return text;
  };
}

const noDryRun: DryRun = [];
const none: readonly string[] = [];

/** One request as strategies and admission see it. */
export class Scope implements StrategyContext {
  readonly user: UserInfo;
  readonly clock: Clock;
  readonly random: Random;
  readonly dryRun: DryRun;
  readonly fieldValidation: WriteOptions['fieldValidation'];
  /** What a strict decoder said about the body before it came here; told before what the schema says. */
  readonly decodingProblems: readonly string[];
  readonly requestVersion: string | undefined;
  readonly #fieldManager: string | undefined;
  readonly #userAgent: string | undefined;
  readonly #cache: WatchCache;
  readonly #warn: ((message: string) => void) | undefined;

  constructor(
    env: Environment,
    context: RequestContext,
    options: Pick<WriteOptions, 'dryRun' | 'fieldValidation' | 'fieldManager'>,
    requestVersion?: string,
  ) {
    this.requestVersion = requestVersion;
    this.#fieldManager = options.fieldManager;
    this.#userAgent = context.userAgent;
    this.user = context.user;
    this.clock = env.clock;
    this.random = env.random;
    this.dryRun = options.dryRun ?? noDryRun;
    this.fieldValidation = options.fieldValidation;
    this.decodingProblems = context.decodingProblems ?? none;
    this.#cache = env.cache;
    this.#warn = context.warn;
  }

  /** Who owns what this request writes: as it says itself, else the name of the program. */
  get fieldManager(): string {
    return this.#fieldManager ?? managerOf(this.#userAgent);
  }

  get options(): Readonly<Record<string, unknown>> {
    return {
      ...(this.#fieldManager === undefined ? {} : { fieldManager: this.#fieldManager }),
      ...(this.fieldValidation === undefined ? {} : { fieldValidation: this.fieldValidation }),
    };
  }

  get isDryRun(): boolean {
    return this.dryRun.length > 0;
  }

  /** Whether anybody wants to know of unknown and repeated fields. */
  get decodesStrictly(): boolean {
    return (
      this.fieldValidation === 'Strict' || (this.fieldValidation !== 'Ignore' && this.#warn !== undefined)
    );
  }

  warn(message: string): void {
    this.#warn?.(message);
  }

  lookup(group: string, resource: string, key: string): KubeObject | undefined {
    return this.#cache.peek({ group, resource }, key)?.object;
  }

  items(group: string, resource: string, namespace?: string): readonly KubeObject[] {
    return this.#cache.items({ group, resource }, namespace).map(({ object }) => object);
  }
}

const maxManagerLength = 128;

/** What stands before the first slash of a user agent, without what cannot be printed. */
function managerOf(userAgent: string | undefined): string {
  const program = (userAgent ?? '').split('/', 1)[0] ?? '';
  const printable = program.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '').slice(0, maxManagerLength);
  return printable === '' ? 'unknown' : printable;
}
