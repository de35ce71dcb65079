import {
  isAlreadyExists,
  isNotFound,
  podTemplateHash,
  selectorFromLabelSelector,
} from '@drydock/base/apimachinery';
import { ControllerRevision, DaemonSet } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import type { Client } from '@drydock/machinery/client';
import { claimObjects, controllerReference } from '@drydock/machinery/controller';
import { snapshotText, templateSnapshot } from '../shared-revisions/index.ts';
import { hashLabel } from './pod-template.ts';

export interface DaemonHistory {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

/**
 * The ControllerRevisions of the set: that of its template (made or moved to the front as needed) and the others. Where there
 * were several of its template, and Pods of more than one, they now bear the label of the one that stays: undefined until
 * that has been seen.
 * Rejects when another content has its name; the set's `collisionCount` is then raised, and the next try gets another.
 */
export async function daemonHistory(
  client: Client,
  daemonSet: DaemonSet,
  candidates: readonly ControllerRevision[],
  pods: readonly Pod[],
): Promise<DaemonHistory | undefined> {
  const { namespace = '' } = daemonSet.metadata;
  const selector = selectorFromLabelSelector(daemonSet.spec.selector);
  const all = await claimObjects({
    client,
    owner: daemonSet,
    ownerType: DaemonSet,
    type: ControllerRevision,
    matches: (revision) => selector.matches(revision.metadata.labels),
    candidates,
  });
  const wanted = snapshotText(templateSnapshot(daemonSet));
  const same = all.filter(({ data }) => snapshotText(data) === wanted);
  const old = all.filter((revision) => !same.includes(revision));
  const next = old.reduce((most, { revision = 0 }) => Math.max(most, revision), 0) + 1;
  same.sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0));
  const [present, ...doubles] = same;
  const resource = client.resource(ControllerRevision).namespace(namespace);
  if (present !== undefined && doubles.length > 0) {
    const moved = await relabel(client, pods, doubles, present);
    for (const { metadata } of doubles) await resource.delete(metadata.name ?? '');
    if (moved) return undefined;
  }
  if (present === undefined) return { current: await snapshot(client, daemonSet, next), old };
  if ((present.revision ?? 0) >= next) return { current: present, old };
  return { current: await resource.update({ ...present, revision: next }), old };
}

const hashOf = ({ metadata }: ControllerRevision | Pod): string => metadata.labels?.[hashLabel] ?? '';

/** Gives Pods of revisions that go the label of the one that stays. Resolves with whether there were any. */
async function relabel(
  client: Client,
  pods: readonly Pod[],
  from: readonly ControllerRevision[],
  to: ControllerRevision,
): Promise<boolean> {
  const hashes = new Set(from.map(hashOf));
  const theirs = pods.filter((pod) => hashes.has(hashOf(pod)) && hashOf(pod) !== hashOf(to));
  for (const { metadata } of theirs) {
    const { name = '', namespace = '', uid } = metadata;
    const body = { metadata: { uid, labels: { [hashLabel]: hashOf(to) } } };
    await client
      .resource(Pod)
      .namespace(namespace)
      .patch(name, { type: 'merge', body })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
  return theirs.length > 0;
}

async function snapshot(client: Client, daemonSet: DaemonSet, revision: number): Promise<ControllerRevision> {
  const { namespace = '', name: owner = '', annotations } = daemonSet.metadata;
  const { template } = daemonSet.spec;
  const hash = podTemplateHash(template, daemonSet.status?.collisionCount);
  const name = `${owner}-${hash}`;
  const data = templateSnapshot(daemonSet);
  const resource = client.resource(ControllerRevision).namespace(namespace);
  try {
    return await resource.create({
      apiVersion: 'apps/v1',
      kind: ControllerRevision.kind,
      metadata: {
        name,
        namespace,
        labels: { ...template.metadata?.labels, [hashLabel]: hash },
        ...(annotations === undefined ? {} : { annotations }),
        ownerReferences: [controllerReference(daemonSet, DaemonSet)],
      },
      data,
      revision,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await resource.get(name);
    if (snapshotText(existing.data) === snapshotText(data)) return existing;
    const sets = client.resource(DaemonSet).namespace(namespace);
    const live = await sets.get(owner);
    const counted = live.status?.collisionCount ?? 0;
    // Somebody has seen this collision already.
    if (counted !== (daemonSet.status?.collisionCount ?? 0)) throw error;
    const collisionCount = counted + 1;
    if (live.status !== undefined)
      await sets.updateStatus({ ...live, status: { ...live.status, collisionCount } });
    throw error;
  }
}
