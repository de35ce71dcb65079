import { Lease, type LeaseSpec } from '@drydock/api/coordination/v1';
import { deepEqual, formatMicroTime, isNotFound } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { Client } from '../client/index.ts';

export interface LeaseLockOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who we are: unique among the candidates. */
  readonly identity: string;
  readonly leaseDurationMs: number;
}

/** One candidate's view of one Lease. */
export interface LeaseLock {
  /** Takes the Lease or renews it; false when another holds it. Throws what the API server answers otherwise, conflicts too. */
  takeOrRenew(): Promise<boolean>;
  /** Gives the Lease back, so that others need not wait for its end. Does nothing where it is not ours. */
  release(): Promise<void>;
  /** The holder that was seen last; '' for none. */
  holder(): string;
  /** Whether others still have to leave us alone: counted from before our last renewal was sent. */
  held(): boolean;
  /** The Lease as it was seen last. */
  lease(): Lease | undefined;
}

/** The lock of client-go's leader election: optimistic writes of one Lease, and each candidate's own clock for its end. */
export function createLeaseLock(options: LeaseLockOptions, client: Client, clock: Clock): LeaseLock {
  const { namespace, name, identity, leaseDurationMs } = options;
  const leases = client.resource(Lease).namespace(namespace);
  let observed: Lease | undefined;
  /** When the spec was first seen as it is: a holder is given its whole duration from there, whatever its clock says. */
  let observedAtMs = 0;
  let heldUntilMs = -Infinity;

  const observe = (lease: Lease): void => {
    if (observed === undefined || !deepEqual(observed.spec, lease.spec)) observedAtMs = clock.monotonicMs();
    observed = lease;
  };
  const ours = () => observed?.spec?.holderIdentity === identity;
  const held = () => ours() && clock.monotonicMs() < heldUntilMs;

  const won = (lease: Lease, askedAtMs: number): true => {
    observe(lease);
    heldUntilMs = askedAtMs + leaseDurationMs;
    return true;
  };

  return {
    held,
    lease: () => observed,
    holder: () => observed?.spec?.holderIdentity ?? '',

    async takeOrRenew() {
      const askedAtMs = clock.monotonicMs();
      const now = formatMicroTime(clock.now());
      const fresh: LeaseSpec = {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      };
      const renewed = (lease: Lease): Lease => ({
        ...lease,
        spec: { ...lease.spec, ...fresh, ...kept(lease) },
      });
      // While it is ours nobody else writes it: no need to read it first.
      if (observed !== undefined && held()) {
        try {
          return won(await leases.update(renewed(observed)), askedAtMs);
        } catch {
          // Somebody wrote it after all, or the answer got lost: read it.
        }
      }
      let current: Lease;
      try {
        current = await leases.get(name);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return won(await leases.create({ metadata: { namespace, name }, spec: fresh }), askedAtMs);
      }
      observe(current);
      const { holderIdentity = '', leaseDurationSeconds = 0 } = current.spec ?? {};
      const endsAtMs = observedAtMs + leaseDurationSeconds * 1_000;
      if (holderIdentity !== '' && holderIdentity !== identity && clock.monotonicMs() < endsAtMs)
        return false;
      return won(await leases.update(renewed(current)), askedAtMs);
    },

    async release() {
      if (observed === undefined || !held()) return;
      const now = formatMicroTime(clock.now());
      const { leaseTransitions } = observed.spec ?? {};
      heldUntilMs = -Infinity;
      const spec: LeaseSpec = {
        holderIdentity: '',
        leaseDurationSeconds: 1,
        acquireTime: now,
        renewTime: now,
        ...(leaseTransitions === undefined ? {} : { leaseTransitions }),
      };
      observe(await leases.update({ ...observed, spec }));
    },
  };

  function kept(lease: Lease): LeaseSpec {
    const { holderIdentity, acquireTime, leaseTransitions = 0 } = lease.spec ?? {};
    if (holderIdentity !== identity) return { leaseTransitions: leaseTransitions + 1 };
    return { leaseTransitions, ...(acquireTime === undefined ? {} : { acquireTime }) };
  }
}
