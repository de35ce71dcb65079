import { deepEqual, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import { ClusterRole, type PolicyRule } from '@drydock/api/rbac/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';

const name = 'clusterrole-aggregation-controller';

/** The rules of a role that gathers those of others: selector by selector, roles by name, each rule once. */
function aggregatedRules(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const sorted = [...roles].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matcher = selectorFromLabelSelector(selector);
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name || !matcher.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? [])
        if (!rules.some((present) => deepEqual(present, rule))) rules.push(rule);
    }
  }
  return rules;
}

/** `clusterrole-aggregation-controller`: keeps the rules of ClusterRoles that gather those of others. */
export const createClusterRoleAggregationController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const roles = informers.informer(ClusterRole);

  return createController(
    {
      name,
      sources: [
        source(ClusterRole, () =>
          roles
            .list()
            .filter(({ aggregationRule }) => aggregationRule !== undefined)
            .map(({ metadata }) => metadata.name ?? ''),
        ),
      ],
      async reconcile(key) {
        const role = roles.get(key);
        if (role?.aggregationRule === undefined) return;
        const rules = aggregatedRules(role, roles.list());
        if (deepEqual(rules, role.rules ?? [])) return;
        const body = {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name: key },
          ...(rules.length > 0 && { rules }),
        };
        await client
          .resource(ClusterRole)
          .patch(key, { type: 'apply', body }, { fieldManager: name, force: true });
      },
    },
    deps,
  );
};
