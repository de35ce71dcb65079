import type { PriorityLevelConfiguration } from '@drydock/api/flowcontrol/v1';

/** How many requests of a priority level are served at once, and what becomes of more. */
export interface LevelLimits {
  /** Its share of the server. */
  readonly nominal: number;
  /** What others cannot borrow of it. */
  readonly least: number;
  /** What it may have when it borrows from others. */
  readonly most: number;
  /** Where more wait; undefined: they are refused. */
  readonly queuing: Queuing | undefined;
}

export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

const defaultShares = 30;
const defaultQueuing: Queuing = { queues: 64, handSize: 8, queueLengthLimit: 50 };

function sharesOf({ spec }: PriorityLevelConfiguration): number {
  if (spec?.type === 'Exempt') return spec.exempt?.nominalConcurrencyShares ?? 0;
  return spec?.limited?.nominalConcurrencyShares ?? defaultShares;
}

/**
 * Divides the server among its priority levels by their shares (KEP-1040). Exempt levels have none of these limits, but
 * their shares count.
 * @param seats what the server serves at once
 */
export function divideSeats(
  levels: readonly PriorityLevelConfiguration[],
  seats: number,
): ReadonlyMap<string, LevelLimits> {
  const all = levels.reduce((sum, level) => sum + sharesOf(level), 0);
  const limits = new Map<string, LevelLimits>();
  for (const level of levels) {
    const { limited, type } = level.spec ?? {};
    if (type === 'Exempt') continue;
    const nominal = all === 0 ? 0 : Math.ceil((seats * sharesOf(level)) / all);
    const lendable = Math.round((nominal * (limited?.lendablePercent ?? 0)) / 100);
    const percent = limited?.borrowingLimitPercent;
    const borrowing = percent === undefined ? seats : Math.round((nominal * percent) / 100);
    const { type: response, queuing = {} } = limited?.limitResponse ?? {};
    limits.set(level.metadata.name ?? '', {
      nominal,
      least: nominal - lendable,
      most: nominal + borrowing,
      queuing: response === 'Queue' ? { ...defaultQueuing, ...given(queuing) } : undefined,
    });
  }
  return limits;
}

function given(queuing: Partial<Queuing>): Partial<Queuing> {
  return Object.fromEntries(Object.entries(queuing).filter(([, value]) => value > 0));
}
