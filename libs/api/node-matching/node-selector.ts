import { isLabelValue, isQualifiedName } from '@drydock/base/apimachinery';
import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../gen/core/v1.ts';

function requirementMatches(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const [bound] = values;
      if (value === undefined || bound === undefined || !/^-?\d+$/.test(value) || !/^-?\d+$/.test(bound))
        return false;
      return requirement.operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    }
    default:
      return false;
  }
}

const known = new WeakMap<NodeSelectorTerm, boolean>();

/** Whether a term says something: one that could not be a label selector holds for no node, whatever else it asks. */
function isSound(term: NodeSelectorTerm): boolean {
  let sound = known.get(term);
  if (sound === undefined) {
    sound = (term.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const needs = operator === 'In' || operator === 'NotIn' ? values.length > 0 : true;
      return needs && isQualifiedName(key) && values.every(isLabelValue);
    });
    known.set(term, sound);
  }
  return sound;
}

/** A term holds when all its expressions and fields hold; an empty term holds for no node. */
export function nodeSelectorTermMatches(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    isSound(term) &&
    expressions.every((expression) =>
      requirementMatches(expression, node.metadata.labels?.[expression.key]),
    ) &&
    fields.every((field) =>
      requirementMatches(field, field.key === 'metadata.name' ? node.metadata.name : undefined),
    )
  );
}

/** A selector holds when any of its terms does. */
export function nodeSelectorMatches(selector: NodeSelector, node: Node): boolean {
  return (selector.nodeSelectorTerms ?? []).some((term) => nodeSelectorTermMatches(term, node));
}
