import type { KubeObject } from '@drydock/base/apimachinery';
import {
  badRequest,
  FieldSelectorSyntaxError,
  parseFieldSelector,
  parseSelectorParameter,
} from '@drydock/base/apimachinery';
import type { StoredObject } from './stored-object.ts';

/** What of a resource a list or a watch wants. Compiled once, used on every object. */
export interface Filter {
  /** Equal ids mean equal filters: watchers with one id share their events. */
  readonly id: string;
  /** Only this namespace. */
  readonly namespace: string | undefined;
  /** Only this key (`namespace/name`, or `name`), where the selectors pin it. */
  readonly key: string | undefined;
  /** A field with an index that must have this value. */
  readonly indexed: { readonly field: string; readonly value: string } | undefined;
  /** Undefined when everything in the namespace is wanted. */
  readonly matches: ((item: StoredObject) => boolean) | undefined;
  /** True when a label or field selector takes part (lists then tell no remainingItemCount). */
  readonly selective: boolean;
}

/** What the cache must know about a resource to compile field selectors. */
export interface FieldAccess {
  readonly namespaced: boolean;
  /** Beyond metadata.name and metadata.namespace. */
  readonly fields: Readonly<Record<string, (object: KubeObject) => string>>;
  /** Those of `fields` that have an index. */
  readonly indexedFields: readonly string[];
  /** What is said of a field that cannot be selected by; default: that only name and namespace can, or that it is not supported. */
  readonly unsupported?: (field: string) => string;
}

type Test = (item: StoredObject) => boolean;

/**
 * Compiles the parameters of a list or a watch.
 * @throws ApiError 400 in Kubernetes' words
 */
export function compileFilter(
  access: FieldAccess,
  namespace: string | undefined,
  labelSelector: string | undefined,
  fieldSelector: string | undefined,
): Filter {
  const labels = labelSelector ? parseSelectorParameter(labelSelector) : undefined;
  const fields = fieldSelector ? parseFields(fieldSelector) : undefined;
  const tests: Test[] = [];
  let space = namespace || undefined;
  let name: string | undefined;
  let indexed: Filter['indexed'];
  if (labels !== undefined && !labels.empty)
    tests.push((item) => labels.matches(item.object.metadata.labels));
  for (const { field, operator, value } of fields?.requirements ?? []) {
    const positive = operator === '=';
    const read = readerOf(access, field);
    if (positive && field === 'metadata.name' && name === undefined && !value.includes('/')) name = value;
    else if (
      positive &&
      field === 'metadata.namespace' &&
      access.namespaced &&
      space === undefined &&
      value !== ''
    ) {
      space = value;
      continue;
    } else if (positive && indexed === undefined && value !== '' && access.indexedFields.includes(field)) {
      indexed = { field, value };
    }
    tests.push((item) => (read(item.object) === value) === positive);
  }
  let key: string | undefined;
  if (name !== undefined) {
    if (!access.namespaced) key = name;
    else if (space !== undefined) key = `${space}/${name}`;
  }
  let matches: Test | undefined;
  if (tests.length === 1) matches = tests[0];
  else if (tests.length > 1) matches = (item) => tests.every((test) => test(item));
  return {
    id: `${space ?? ''}\n${labels?.toString() ?? ''}\n${fields?.toString() ?? ''}`,
    namespace: space,
    key,
    indexed,
    matches,
    selective: (labels !== undefined && !labels.empty) || (fields !== undefined && !fields.empty),
  };
}

function parseFields(text: string): ReturnType<typeof parseFieldSelector> {
  try {
    return parseFieldSelector(text);
  } catch (error) {
    if (error instanceof FieldSelectorSyntaxError) throw badRequest(error.message);
    throw error;
  }
}

function readerOf(access: FieldAccess, field: string): (object: KubeObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name ?? '';
  // Kinds of the whole cluster that have fields of their own, and custom ones, know no namespace.
  const isPlain = Object.keys(access.fields).length === 0 && access.unsupported === undefined;
  if (field === 'metadata.namespace' && (access.namespaced || isPlain))
    return (object) => object.metadata.namespace ?? '';
  if (Object.hasOwn(access.fields, field)) return access.fields[field]!;
  if (access.unsupported !== undefined) throw badRequest(access.unsupported(field));
  if (Object.keys(access.fields).length > 0) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(
    `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}
