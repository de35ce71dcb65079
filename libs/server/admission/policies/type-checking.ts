import type { ExpressionWarning, ValidatingAdmissionPolicy } from '@drydock/api/admissionregistration/v1';
import { apiVersionOf } from '@drydock/base/apimachinery';
import type { Type } from '../../cel/index.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import { compile } from '../expressions.ts';
import { objectTypeOf } from './object-type.ts';
import { compileVariables } from './variables.ts';

const maxKinds = 10;

interface Kind {
  readonly name: string;
  readonly order: string;
  readonly type: Type;
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return (list ?? []).includes(value);
}

function kindText({ group, version, kind }: ResourceDefinition): string {
  return `${group}/${version}, Kind=${kind}`;
}

/** The kinds that a policy names without wildcards, the first few of each rule, in order. */
function kindsOf(
  { spec }: ValidatingAdmissionPolicy,
  definitions: readonly ResourceDefinition[],
): readonly Kind[] {
  const found = new Map<string, Kind>();
  for (const { apiGroups, apiVersions, resources } of spec?.matchConstraints?.resourceRules ?? []) {
    if ([...(apiGroups ?? []), ...(apiVersions ?? [])].some((one) => one.includes('*'))) continue;
    const named = definitions.filter(
      (one) => has(apiGroups, one.group) && has(apiVersions, one.version) && has(resources, one.resource),
    );
    for (const definition of named.slice(0, maxKinds)) {
      const type = objectTypeOf(definition);
      const { group, version, kind } = definition;
      const name = kindText(definition);
      if (type !== undefined) found.set(name, { name, type, order: [group, version, kind].join('\0') });
    }
  }
  return [...found.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
}

/**
 * What is wrong with the expressions of a policy where the kinds that it is about are known, as Kubernetes' type checking
 * tells it. None of it keeps the policy from being asked.
 */
export function expressionWarnings(
  policy: ValidatingAdmissionPolicy,
  definitions: readonly ResourceDefinition[],
): ExpressionWarning[] {
  const { paramKind, variables, validations = [] } = policy.spec ?? {};
  const declared = definitions.find(
    (one) => one.kind === paramKind?.kind && apiVersionOf(one.group, one.version) === paramKind.apiVersion,
  );
  const params = declared === undefined ? undefined : objectTypeOf(declared);
  const scopes = kindsOf(policy, definitions).map(({ name, type }) => {
    const scope = { params: params !== undefined, authorizer: true, types: { object: type, params } };
    return { name, scope: { ...scope, variables: compileVariables(variables, scope).types } };
  });
  const check = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    if (!expression) return [];
    const told = scopes.flatMap(({ name, scope }) => {
      const { problem } = compile(expression, scope);
      return problem === undefined ? [] : [`${name}: ${problem.replace(/^compilation failed: /, '')}\n`];
    });
    return told.length === 0 ? [] : [{ fieldRef, warning: told.join('\n') }];
  };
  return validations.flatMap(({ expression, messageExpression }, index) => [
    ...check(`spec.validations[${index}].expression`, expression),
    ...check(`spec.validations[${index}].messageExpression`, messageExpression),
  ]);
}
