import {
  cloneJson,
  deepEqual,
  isNotFound,
  type KubeObject,
  type ObjectMeta,
} from '@drydock/base/apimachinery';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '@drydock/api/rbac/v1';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import { missingRules, type DefaultPolicy } from '../authz/index.ts';
import type { Registry } from '../registry/index.ts';
import { createUnlessThere } from './bootstrap.ts';

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** The labels and annotations that are there, with those of the policy. */
function withMetadata(metadata: ObjectMeta, { labels, annotations }: ObjectMeta): ObjectMeta {
  return {
    ...metadata,
    labels: { ...labels, ...metadata.labels },
    annotations: { ...annotations, ...metadata.annotations },
  };
}

/** A role with all that the policy gives it; what others gave it stays. */
export function reconciledRole<T extends ClusterRole | Role>(there: T, wanted: T): T {
  const metadata = withMetadata(there.metadata, wanted.metadata);
  const more = missingRules(there.rules ?? [], wanted.rules ?? []);
  const rule = (wanted as ClusterRole).aggregationRule;
  // Rules of aggregated roles are their controller's.
  if (rule === undefined) return { ...there, metadata, rules: [...(there.rules ?? []), ...more] };
  const selectors = (there as ClusterRole).aggregationRule?.clusterRoleSelectors ?? [];
  const added = (rule.clusterRoleSelectors ?? []).filter(
    (one) => !selectors.some((other) => deepEqual(one, other)),
  );
  return { ...there, metadata, aggregationRule: { clusterRoleSelectors: [...selectors, ...added] } };
}

/** A binding of the same role with all the subjects of the policy; others' stay. */
export function reconciledBinding<T extends ClusterRoleBinding | RoleBinding>(there: T, wanted: T): T {
  const subjects = there.subjects ?? [];
  const added = (wanted.subjects ?? []).filter((one) => !subjects.some((other) => deepEqual(one, other)));
  const metadata = withMetadata(there.metadata, wanted.metadata);
  return added.length === 0
    ? { ...there, metadata }
    : { ...there, metadata, subjects: [...subjects, ...added] };
}

async function present<T extends KubeObject>(transport: Transport, ref: ResourceRef): Promise<T | undefined> {
  try {
    return (await transport.get(ref)) as T;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes the default roles and their bindings, and gives back what was taken from those that are there. An object whose
 * annotation rbac.authorization.kubernetes.io/autoupdate is `false` stays as it is.
 */
export async function bootstrapRoles(
  registry: Registry,
  transport: Transport,
  policy: DefaultPolicy,
): Promise<void> {
  async function make<T extends KubeObject>(
    resource: string,
    wanted: T,
    reconciled: (there: T, wanted: T) => T | undefined,
  ): Promise<void> {
    const { name = '', namespace } = wanted.metadata;
    const ref: ResourceRef = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      resource,
      ...(namespace === undefined ? {} : { namespace }),
    };
    if (registry.definition(ref.group, ref.version, resource) === undefined) return;
    const there = await present<T>(transport, { ...ref, name });
    if (there !== undefined) {
      if (there.metadata.annotations?.[autoupdate] === 'false') return;
      const right = reconciled(there, wanted);
      if (right !== undefined) {
        if (!deepEqual(right, there)) await transport.update({ ...ref, name }, right);
        return;
      }
      // What a binding binds cannot be changed.
      await transport.delete({ ...ref, name });
    }
    // The registry changes what it is given.
    await createUnlessThere(transport, ref, cloneJson(wanted));
  }
  const binding = <T extends ClusterRoleBinding | RoleBinding>(there: T, wanted: T) =>
    deepEqual(there.roleRef, wanted.roleRef) ? reconciledBinding(there, wanted) : undefined;

  await Promise.all([
    ...policy.clusterRoles.map((one) => make('clusterroles', one, reconciledRole)),
    ...policy.roles.map((one) => make('roles', one, reconciledRole)),
    ...policy.clusterRoleBindings.map((one) => make('clusterrolebindings', one, binding)),
    ...policy.roleBindings.map((one) => make('rolebindings', one, binding)),
  ]);
}
