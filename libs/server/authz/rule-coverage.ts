import type { PolicyRule } from '@drydock/api/rbac/v1';
import type { UserInfo } from '../registry/types.ts';
import { ruleAllows } from './rbac.ts';

/** A rule about one verb of one thing. */
interface SingleRule {
  readonly verb: string;
  readonly apiGroup?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly url?: string;
}

function* singles({
  verbs = [],
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule): Generator<SingleRule> {
  for (const apiGroup of apiGroups)
    for (const resource of resources)
      for (const verb of verbs) {
        if (resourceNames.length === 0) yield { verb, apiGroup, resource };
        for (const name of resourceNames) yield { verb, apiGroup, resource, name };
      }
  for (const url of nonResourceURLs) for (const verb of verbs) yield { verb, url };
}

const nobody: UserInfo = { name: '', groups: [] };

/** Whether a rule that somebody has allows all that the single rule would. */
function covers(
  held: PolicyRule,
  { verb, apiGroup = '', resource = '', name = '', url }: SingleRule,
): boolean {
  if (url !== undefined) return ruleAllows(held, { user: nobody, verb, path: url });
  const [first = '', subresource = ''] = resource.split('/');
  const asked = { group: apiGroup, version: '', resource: first, subresource, namespace: '', name };
  // A rule for some names does not allow all names.
  if (name === '' && (held.resourceNames ?? []).length > 0) return false;
  if (resource === '*' && !(held.resources ?? []).includes('*')) return false;
  return ruleAllows(held, { user: nobody, verb, resource: asked });
}

/** Single rules with the verbs of one thing together. */
function compact(missing: readonly SingleRule[]): PolicyRule[] {
  const byThing = new Map<string, PolicyRule>();
  for (const { verb, apiGroup, resource, name, url } of missing) {
    const key = JSON.stringify([apiGroup, resource, name, url]);
    const known = byThing.get(key);
    if (known !== undefined) known.verbs = [...(known.verbs ?? []), verb];
    else if (url !== undefined) byThing.set(key, { nonResourceURLs: [url], verbs: [verb] });
    else {
      byThing.set(key, {
        ...{ apiGroups: [apiGroup ?? ''], resources: [resource ?? ''], verbs: [verb] },
        ...(name === undefined ? {} : { resourceNames: [name] }),
      });
    }
  }
  return [...byThing.values()];
}

/** What of `wanted` nobody may who has the rules `held`: a rule for each thing. */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return compact(
    wanted.flatMap((rule) => [...singles(rule)].filter((one) => !held.some((own) => covers(own, one)))),
  );
}
