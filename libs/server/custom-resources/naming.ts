import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '@drydock/api/apiextensions/v1';
import { deepEqual } from '@drydock/base/apimachinery';
import { findCondition, isTrue, type Condition } from './conditions.ts';

interface Naming {
  readonly acceptedNames: CustomResourceDefinitionNames;
  readonly namesAccepted: Condition;
  readonly established: Condition;
}

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** The names in the group that are another's. A definition's own accepted names are told apart by its status. */
function takenNames(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Taken {
  const accepted = others
    .filter((other) => other.spec.group === crd.spec.group)
    .map((other) => other.status?.acceptedNames);
  return {
    resources: new Set(
      accepted.flatMap((names) => [names?.plural ?? '', names?.singular ?? '', ...(names?.shortNames ?? [])]),
    ),
    kinds: new Set(accepted.flatMap((names) => [names?.kind ?? '', names?.listKind ?? ''])),
  };
}

/** What the names of a definition come to, given all others (it may be among them). */
export function decideNames(
  crd: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): Naming {
  const wanted = crd.spec.names;
  const accepted: Partial<CustomResourceDefinitionNames> = crd.status?.acceptedNames ?? {};
  const next: Record<string, unknown> = { ...accepted };
  const taken = takenNames(crd, others);
  let conflict: Condition | undefined;
  const refuse = (reason: string, message: string) => {
    conflict = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string) => {
    const [name, own] = [wanted[field] ?? '', accepted[field] ?? ''];
    const names = field === 'plural' || field === 'singular' ? taken.resources : taken.kinds;
    if (name !== own && names.has(name)) refuse(reason, `${JSON.stringify(name)} is already in use`);
    else next[field] = name;
  };
  claim('plural', 'PluralConflict');
  claim('singular', 'SingularConflict');
  if (!deepEqual(wanted.shortNames ?? [], accepted.shortNames ?? [])) {
    const own = new Set(accepted.shortNames);
    const used = (wanted.shortNames ?? []).filter((name) => !own.has(name) && taken.resources.has(name));
    const texts = used.map((name) => `${JSON.stringify(name)} is already in use`);
    if (texts.length > 0)
      refuse('ShortNamesConflict', texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`);
    else next['shortNames'] = wanted.shortNames;
  }
  claim('kind', 'KindConflict');
  claim('listKind', 'ListKindConflict');
  next['categories'] = wanted.categories;
  for (const key of Object.keys(next)) if (next[key] === undefined) Reflect.deleteProperty(next, key);
  return {
    acceptedNames: next as unknown as CustomResourceDefinitionNames,
    namesAccepted: conflict ?? {
      type: 'NamesAccepted',
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    established: decideEstablished(crd, conflict === undefined),
  };
}

function decideEstablished(crd: CustomResourceDefinition, accepted: boolean): Condition {
  const old = findCondition(crd, 'Established');
  if (old !== undefined && isTrue(crd, 'Established')) return old;
  if (accepted) {
    return {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    };
  }
  return (
    old ?? {
      type: 'Established',
      status: 'False',
      reason: 'NotAccepted',
      message: 'not all names are accepted',
    }
  );
}
