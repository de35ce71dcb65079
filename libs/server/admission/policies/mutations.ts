import type { Mutation } from '@drydock/api/admissionregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import {
  ApiError,
  applyJsonPatch,
  cloneJson,
  isJsonObject,
  JsonPatchMismatch,
} from '@drydock/base/apimachinery';
import { configurationErrors, mergeTyped, type MergeType } from '@drydock/base/structured-merge';
import { CelError, isList, Message, type Value } from '../../cel/index.ts';
import { mergeTypeOf } from '../../managed-fields/index.ts';
import { Budget, evaluate, policyCostBudget, type Compiled } from '../expressions.ts';
import { customOf, messageOf } from '../patched-object.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import type { AdmissionRequest } from '../types.ts';
import { jsonOf, misnamedTypes } from './cel-json.ts';
import { withVariables, type CompiledVariables } from './variables.ts';

/** One change that a policy makes. */
export interface CompiledMutation {
  readonly patchType: Mutation['patchType'];
  readonly compiled: Compiled;
}

/** Why a mutation cannot be made: the policy's failure, which its failurePolicy is about. */
export class MutationError extends Error {}

/** What holds more than one value, and is nobody's to change in part. */
function atomicPlaces(value: unknown, type: MergeType, path: string): string[] {
  if (Array.isArray(value)) {
    const places = type.kind === 'list' ? [] : [path];
    const element = type.kind === 'list' ? type.element : undefined;
    if (element === undefined) return places;
    return value.flatMap((item, index) => atomicPlaces(item, element, `${path}[${index}]`));
  }
  if (!isJsonObject(value)) return [];
  if (type.kind === 'any') return [];
  if (type.kind !== 'map') return [path];
  return Object.entries(value).flatMap(([key, one]) => {
    const field = type.field(key);
    return field === undefined ? [] : atomicPlaces(one, field, `${path}.${key}`);
  });
}

function definedBy(custom: ReturnType<typeof customOf>): Pick<ResourceDefinition, 'custom'> {
  return custom === undefined ? {} : { custom };
}

function untyped(which: 'patch' | 'original', errors: readonly string[]): MutationError {
  const why = errors.length === 1 ? errors[0] : ['errors:', ...errors.map((line) => `  ${line}`)].join('\n');
  return new MutationError(`error applying patch: failed to convert ${which} object to typed object: ${why}`);
}

function applied(made: Value, object: KubeObject, seen: AdmissionRequest): KubeObject {
  const misnamed = misnamedTypes(made, 'Object');
  if (misnamed.length > 0) throw new MutationError(`type mismatch: ${misnamed.join('\n')}`);
  const { apiVersion, kind } = object;
  const patch = { ...(jsonOf(made) as object), apiVersion, kind };
  const type = mergeTypeOf({ schema: messageOf(seen), ...definedBy(customOf(seen)) });
  const errors = configurationErrors(patch, type);
  if (errors.length > 0) throw untyped('patch', errors);
  const atomics = atomicPlaces(patch, type, '');
  if (atomics.length > 0) {
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    );
  }
  return cloneJson(mergeTyped(object, patch, type) as KubeObject);
}

function operationOf(value: Value): Record<string, unknown> {
  if (!(value instanceof Message))
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
  const given = value.field('value');
  if (given instanceof Message) {
    const misnamed = misnamedTypes(given, given.type);
    if (misnamed.length > 0) throw new MutationError(`type mismatch: ${misnamed.join('\n')}`);
  }
  const from = value.field('from') ?? '';
  return {
    op: value.field('op') ?? '',
    path: value.field('path') ?? '',
    ...(from === '' ? {} : { from }),
    ...(given === undefined ? {} : { value: jsonOf(given) }),
  };
}

/** Undefined where what the patch tests for is not so: the object stays as it is. */
function patched(made: Value, object: KubeObject): KubeObject | undefined {
  if (made === null || !isList(made))
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  try {
    return applyJsonPatch(object, made.map(operationOf));
  } catch (error) {
    const cause = error instanceof ApiError ? error.cause : undefined;
    if (!(cause instanceof JsonPatchMismatch)) throw error;
    if (cause.isTest) return undefined;
    throw new MutationError(`JSONPath: ${cause.message}`);
  }
}

/**
 * What one mutation makes of an object, which stays as it is; undefined where it leaves it.
 * @throws MutationError; OutOfBudget
 */
export function mutate(
  { patchType, compiled }: CompiledMutation,
  variables: CompiledVariables,
  values: ReadonlyMap<string, Value>,
  object: KubeObject,
  seen: AdmissionRequest,
): KubeObject | undefined {
  const budget = new Budget(policyCostBudget);
  const result = evaluate(compiled, withVariables(values, variables, budget), budget);
  if (result.error !== undefined) throw new MutationError(result.error);
  try {
    if (patchType === 'JSONPatch') return patched(result.value, object);
    return applied(result.value, object, seen);
  } catch (error) {
    if (error instanceof CelError) throw new MutationError(error.message);
    throw error;
  }
}
