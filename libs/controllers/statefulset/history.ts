import { isAlreadyExists, podTemplateHash, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import { ControllerRevision, StatefulSet } from '@drydock/api/apps/v1';
import type { Client } from '@drydock/machinery/client';
import { claimObjects, controllerReference } from '@drydock/machinery/controller';
import { snapshotText, templateSnapshot } from '../shared-revisions/index.ts';

const hashLabel = 'controller.kubernetes.io/hash';

export interface StatefulHistory {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly all: readonly ControllerRevision[];
  readonly collisionCount: number;
}

/** The revision the set is at, the one it goes to, and all others; what the template lacks is made. */
export async function statefulHistory(
  client: Client,
  set: StatefulSet,
  candidates: readonly ControllerRevision[],
): Promise<StatefulHistory> {
  const { namespace = '' } = set.metadata;
  const selector = selectorFromLabelSelector(set.spec.selector);
  const all = await claimObjects({
    client,
    owner: set,
    ownerType: StatefulSet,
    type: ControllerRevision,
    matches: (revision) => selector.matches(revision.metadata.labels),
    candidates,
  });
  all.sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
  const last = all.at(-1);
  const wanted = snapshotText(templateSnapshot(set));
  const equal = all.findLast(({ data }) => snapshotText(data) === wanted);
  const next = (last?.revision ?? 0) + 1;
  let collisionCount = set.status?.collisionCount ?? 0;
  let update: ControllerRevision;
  if (equal !== undefined && equal === last) update = equal;
  else if (equal !== undefined) {
    // The way back: the old revision becomes the newest.
    const resource = client.resource(ControllerRevision).namespace(namespace);
    update = await resource.update({ ...equal, revision: next });
  } else ({ revision: update, collisionCount } = await create(client, set, next, collisionCount));
  const others = all.filter(({ metadata }) => metadata.uid !== update.metadata.uid);
  const currentName = set.status?.currentRevision;
  const current = others.find(({ metadata }) => metadata.name === currentName) ?? update;
  return { current, update, all: [...others, update], collisionCount };
}

async function create(
  client: Client,
  set: StatefulSet,
  revision: number,
  collisions: number,
): Promise<{ revision: ControllerRevision; collisionCount: number }> {
  const { name: owner = '', namespace = '', annotations } = set.metadata;
  const data = templateSnapshot(set);
  const resource = client.resource(ControllerRevision).namespace(namespace);
  for (let collisionCount = collisions; ; collisionCount++) {
    const hash = podTemplateHash(set.spec.template, collisionCount);
    const name = `${owner.slice(0, 223)}-${hash}`;
    try {
      const created = await resource.create({
        apiVersion: 'apps/v1',
        kind: ControllerRevision.kind,
        metadata: {
          name,
          namespace,
          labels: { ...set.spec.template.metadata?.labels, [hashLabel]: hash },
          ...(annotations === undefined ? {} : { annotations }),
          ownerReferences: [controllerReference(set, StatefulSet)],
        },
        data,
        revision,
      });
      return { revision: created, collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await resource.get(name);
      if (snapshotText(existing.data) === snapshotText(data)) return { revision: existing, collisionCount };
    }
  }
}
