import { reference, type Dialect, type GroupVersionKind, type Json } from './schemas.ts';
import type { ResourceDefinition } from '../registry/types.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

function parameter(name: string, type: string, description: string, dialect: Dialect): Json {
  const base = { name, in: 'query', description, uniqueItems: true };
  return dialect === 'v2'
    ? { ...base, type }
    : { name, in: 'query', description, schema: { type, uniqueItems: true } };
}

function pathParameter(name: string, dialect: Dialect): Json {
  const base = { name, in: 'path', required: true, description: `${name} of the object` };
  return dialect === 'v2'
    ? { ...base, type: 'string', uniqueItems: true }
    : { ...base, schema: { type: 'string', uniqueItems: true } };
}

const writeParameters = [
  ['dryRun', 'string', 'With `All`, everything is checked and nothing is stored.'],
  ['fieldManager', 'string', 'Name of the program or person that makes the change.'],
  ['fieldValidation', 'string', 'What to do about unknown and duplicate fields: Ignore, Warn or Strict.'],
] as const;
const listParameters = [
  ['allowWatchBookmarks', 'boolean', 'Asks for bookmark events.'],
  ['continue', 'string', 'Token of the next page.'],
  ['fieldSelector', 'string', 'Fields that objects must have.'],
  ['labelSelector', 'string', 'Labels that objects must have.'],
  ['limit', 'integer', 'Most objects in one answer.'],
  ['resourceVersion', 'string', 'How new the answer must be.'],
  ['resourceVersionMatch', 'string', 'How resourceVersion is meant.'],
  ['sendInitialEvents', 'boolean', 'Begins a watch with what there is.'],
  ['timeoutSeconds', 'integer', 'Longest duration of the call.'],
  ['watch', 'boolean', 'Watches instead of listing.'],
] as const;
const deleteParameters = [
  ['dryRun', 'string', 'With `All`, everything is checked and nothing is stored.'],
  ['gracePeriodSeconds', 'integer', 'Seconds that the object has to end.'],
  ['orphanDependents', 'boolean', 'Older form of propagationPolicy.'],
  ['propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'],
] as const;

type ParameterRow = readonly [name: string, type: string, description: string];

interface OperationSpec {
  readonly action: string;
  readonly id: string;
  readonly parameters: readonly ParameterRow[];
  /** Message of the request body. */
  readonly body?: string;
  readonly consumes?: readonly string[];
  /** Message of the answer. */
  readonly answer: string;
  readonly text: string;
}

function operation(spec: OperationSpec, tag: string, gvk: GroupVersionKind, dialect: Dialect): Json {
  const parameters: Json[] = spec.parameters.map(([name, type, text]) =>
    parameter(name, type, text, dialect),
  );
  const result: Json = { description: spec.text, operationId: spec.id, tags: [tag] };
  const answer = { $ref: reference(spec.answer, dialect) };
  const consumes = spec.consumes ?? ['application/json', 'application/yaml'];
  if (dialect === 'v2') {
    if (spec.body !== undefined) {
      parameters.unshift({
        name: 'body',
        in: 'body',
        required: true,
        schema: { $ref: reference(spec.body, dialect) },
      });
      result['consumes'] = consumes;
    }
    result['produces'] = ['application/json', 'application/yaml'];
    result['responses'] = { 200: { description: 'OK', schema: answer } };
    result['schemes'] = ['https'];
  } else {
    if (spec.body !== undefined) {
      const schema = { $ref: reference(spec.body, dialect) };
      result['requestBody'] = {
        required: true,
        content: Object.fromEntries(consumes.map((type) => [type, { schema }])),
      };
    }
    result['responses'] = {
      200: {
        description: 'OK',
        content: { 'application/json': { schema: answer }, 'application/yaml': { schema: answer } },
      },
    };
  }
  if (parameters.length > 0) result['parameters'] = parameters;
  result['x-kubernetes-action'] = spec.action;
  result['x-kubernetes-group-version-kind'] = gvk;
  return result;
}

/** `/api/v1` or `/apis/<group>/<version>`. */
export function rootOf(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The paths that one resource is served under, with their operations. */
export function pathsOf(definition: ResourceDefinition, dialect: Dialect): Json {
  const { group, version, kind, resource, namespaced, schema } = definition;
  const gvk = { group, version, kind };
  const verbs = new Set(definition.verbs ?? allVerbs);
  const root = rootOf(group, version);
  const tag = `${group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')}_${version}`;
  const scope = namespaced ? `${root}/namespaces/{namespace}` : root;
  const id = (verb: string, what: string) =>
    `${verb}${tag.replace(/(^|[_.])(\w)/g, (_all, _sep, letter: string) => letter.toUpperCase())}${namespaced ? 'Namespaced' : ''}${what}`;
  const list = `${schema}List`;
  const paths: Json = {};

  const collection: Json = {};
  if (verbs.has('list')) {
    collection['get'] = operation(
      {
        action: 'list',
        id: id('list', kind),
        parameters: listParameters,
        answer: list,
        text: `list or watch objects of kind ${kind}`,
      },
      tag,
      gvk,
      dialect,
    );
  }
  if (verbs.has('create')) {
    collection['post'] = operation(
      {
        action: 'post',
        id: id('create', kind),
        parameters: writeParameters,
        body: schema,
        answer: schema,
        text: `create a ${kind}`,
      },
      tag,
      gvk,
      dialect,
    );
  }
  if (verbs.has('deletecollection')) {
    collection['delete'] = operation(
      {
        action: 'deletecollection',
        id: id('deleteCollection', kind),
        parameters: [...deleteParameters, ...listParameters.slice(1, 7)],
        body: `${meta}.DeleteOptions`,
        answer: `${meta}.Status`,
        text: `delete a collection of ${kind}`,
      },
      tag,
      gvk,
      dialect,
    );
  }
  const scopeParameters = namespaced ? [pathParameter('namespace', dialect)] : [];
  if (Object.keys(collection).length > 0) {
    paths[`${scope}/${resource}`] =
      scopeParameters.length > 0 ? { ...collection, parameters: scopeParameters } : collection;
  }
  if (namespaced && collection['get'] !== undefined) {
    paths[`${root}/${resource}`] = {
      get: { ...(collection['get'] as Json), operationId: `${id('list', kind)}ForAllNamespaces` },
    };
  }

  const named = (
    suffix: string,
    has: ReadonlySet<string>,
    bodySchema: string,
    itemGvk: GroupVersionKind,
    label: string,
  ) => {
    const item: Json = {};
    if (has.has('get')) {
      item['get'] = operation(
        {
          action: 'get',
          id: id('read', label),
          parameters: [],
          answer: bodySchema,
          text: `read the specified ${label}`,
        },
        tag,
        itemGvk,
        dialect,
      );
    }
    if (has.has('update')) {
      item['put'] = operation(
        {
          action: 'put',
          id: id('replace', label),
          parameters: writeParameters,
          body: bodySchema,
          answer: bodySchema,
          text: `replace the specified ${label}`,
        },
        tag,
        itemGvk,
        dialect,
      );
    }
    if (has.has('patch')) {
      item['patch'] = operation(
        {
          action: 'patch',
          id: id('patch', label),
          parameters: [
            ...writeParameters,
            ['force', 'boolean', 'Takes over fields that others own; for apply.'],
          ],
          body: `${meta}.Patch`,
          consumes: patchTypes,
          answer: bodySchema,
          text: `partially update the specified ${label}`,
        },
        tag,
        itemGvk,
        dialect,
      );
    }
    if (has.has('create')) {
      item['post'] = operation(
        {
          action: 'post',
          id: id('create', label),
          parameters: writeParameters,
          body: bodySchema,
          answer: bodySchema,
          text: `create the ${label}`,
        },
        tag,
        itemGvk,
        dialect,
      );
    }
    if (has.has('delete')) {
      item['delete'] = operation(
        {
          action: 'delete',
          id: id('delete', label),
          parameters: deleteParameters,
          body: `${meta}.DeleteOptions`,
          answer: `${meta}.Status`,
          text: `delete a ${label}`,
        },
        tag,
        itemGvk,
        dialect,
      );
    }
    if (Object.keys(item).length === 0) return;
    paths[`${scope}/${resource}/{name}${suffix}`] = {
      ...item,
      parameters: [pathParameter('name', dialect), ...scopeParameters],
    };
  };
  named('', new Set([...verbs].filter((verb) => verb !== 'create')), schema, gvk, kind);
  if (definition.status === true)
    named('/status', new Set(['get', 'update', 'patch']), schema, gvk, `${kind}Status`);
  if (definition.scale !== undefined) {
    const scaleGvk = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    named(
      '/scale',
      new Set(['get', 'update', 'patch']),
      'k8s.io.api.autoscaling.v1.Scale',
      scaleGvk,
      `${kind}Scale`,
    );
  }
  for (const [name, handler] of Object.entries(definition.subresources ?? {})) {
    const subGvk = { group: handler.group ?? group, version: handler.version ?? version, kind: handler.kind };
    named(
      `/${name}`,
      new Set(handler.verbs),
      schema,
      subGvk,
      `${kind}${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`,
    );
  }
  return paths;
}
