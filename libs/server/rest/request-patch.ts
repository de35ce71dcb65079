import {
  badRequest,
  isJsonObject,
  JsonSyntaxError,
  jsonSyntaxError,
  maxJsonDepth,
  parseJson,
  scanJson,
} from '@drydock/base/apimachinery';
import { strictProblems } from '@drydock/api/validation';
import type { Patch } from '@drydock/port/transport';
import { decodeYaml } from './yaml.ts';

export interface RequestPatch {
  readonly patch: Patch;
  /** What a strict decoder says about the patch itself. */
  readonly problems: readonly string[];
}

const operationKeys = new Set(['op', 'path', 'from', 'value']);

/** Complaints about the operations of a JSON patch, in their order. */
function operationProblems(operations: readonly unknown[], text: string, mayRepeat: boolean): string[] {
  const problems = mayRepeat ? strictProblems(text, undefined) : [];
  operations.forEach((operation, index) => {
    if (!isJsonObject(operation)) return;
    for (const key of Object.keys(operation))
      if (!operationKeys.has(key)) problems.push(`unknown field "[${index}].${key}"`);
  });
  const indexOf = (problem: string): number => Number(/"\[(\d+)\]/.exec(problem)?.[1] ?? 0);
  return problems.sort((a, b) => indexOf(a) - indexOf(b)).map((problem) => `json patch ${problem}`);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Reads the text of a patch.
 * @param strict whether anybody wants to know of repeated and unknown keys
 * @throws ApiError 400 in Kubernetes' words
 */
export function decodePatch(type: Patch['type'], text: string, strict: boolean): RequestPatch {
  if (type === 'apply') return decodeApply(text, strict);
  // The strategic patch is decoded in another place of Kubernetes, which says less.
  const prefix = type === 'strategic' ? '' : 'error decoding patch: ';
  let body: unknown;
  let scan;
  try {
    body = parseJson(text);
    scan = scanJson(text);
    if (scan.depth > maxJsonDepth) throw new JsonSyntaxError(jsonSyntaxError(text) ?? '');
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(`${prefix}${error.message}`);
    throw error;
  }
  if (!strict) return { patch: { type, body }, problems: [] };
  if (type === 'json') {
    if (!Array.isArray(body)) {
      if (body === null) return { patch: { type, body: [] }, problems: [] };
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${typeName(body)} into Go value of type []handlers.jsonPatchOp`,
      );
    }
    return { patch: { type, body }, problems: operationProblems(body, text, scan.mayRepeatKeys) };
  }
  return {
    patch: { type, body },
    problems: scan.mayRepeatKeys ? strictProblems(text, undefined) : [],
  };
}

function decodeApply(text: string, strict: boolean): RequestPatch {
  try {
    const { value, problem } = decodeYaml(text);
    return {
      patch: { type: 'apply', body: value },
      problems: strict && problem !== undefined ? [`error converting YAML to JSON: ${problem}`] : [],
    };
  } catch (error) {
    throw badRequest(
      `error decoding patch: error converting YAML to JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
