import type { NodeSelectorTerm } from '@drydock/api/core/v1';
import type { FieldPath } from '@drydock/base/apimachinery';

const instead = (name: string): string => `use "${name}" instead`;

/** Labels of nodes that have newer names. */
export const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', `deprecated since v1.14; ${instead('kubernetes.io/arch')}`],
  ['beta.kubernetes.io/os', `deprecated since v1.14; ${instead('kubernetes.io/os')}`],
  [
    'failure-domain.beta.kubernetes.io/region',
    `deprecated since v1.17; ${instead('topology.kubernetes.io/region')}`,
  ],
  [
    'failure-domain.beta.kubernetes.io/zone',
    `deprecated since v1.17; ${instead('topology.kubernetes.io/zone')}`,
  ],
  [
    'beta.kubernetes.io/instance-type',
    `deprecated since v1.17; ${instead('node.kubernetes.io/instance-type')}`,
  ],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  [
    'scheduler.alpha.kubernetes.io/preferAvoidPods',
    'deprecated since v1.22; use Taints and Tolerations instead',
  ],
  ['node-role.kubernetes.io/master', instead('node-role.kubernetes.io/control-plane')],
]);

/** Advice on the labels that a term of a node selector names. */
export function nodeTermWarnings(term: NodeSelectorTerm | undefined, at: FieldPath): string[] {
  return (term?.matchExpressions ?? []).flatMap(({ key }, index) => {
    const message = deprecatedNodeLabels.get(key);
    const where = at.child('matchExpressions').index(index).child('key').toString();
    return message === undefined ? [] : [`${where}: ${key} is ${message}`];
  });
}
