import { findKind } from '@drydock/api/scheme';
import type { ResourceDefinition } from '../registry/types.ts';
import { camel, groupLabel, tagOf } from './labels.ts';
import {
  applyParameters,
  deleteCollectionParameters,
  deleteOptionsMessage,
  deleteParameters,
  listParameters,
  operation,
  patchMessage,
  pathParameters,
  statusMessage,
  watchEventMessage,
  writeParameters,
  type OperationContext,
  type OperationSpec,
} from './operations.ts';
import type { Dialect, GroupVersionKind, Json } from './schemas.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const scaleMessage = 'k8s.io.api.autoscaling.v1.Scale';

/** `/api/v1` or `/apis/<group>/<version>`. */
export function rootOf(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The paths that one resource is served under, with their operations. */
export function pathsOf(definition: ResourceDefinition, dialect: Dialect): Json {
  const { group, version, kind, resource, namespaced, schema, strategy } = definition;
  const custom = definition.custom !== undefined;
  const verbs = new Set(definition.verbs ?? allVerbs);
  const root = rootOf(group, version);
  const scope = namespaced ? `${root}/namespaces/{namespace}` : root;
  const names = namespaced ? ['namespace'] : [];
  const list = `${schema}List`;
  const own: OperationContext = {
    tag: tagOf(group, version),
    gvk: { group, version, kind },
    dialect,
    custom,
  };
  const prefix = `${groupLabel(group)}${camel(version)}`;
  const id = (verb: string, what: string, between = ''): string =>
    `${verb}${prefix}${between}${namespaced ? 'Namespaced' : ''}${what}`;
  const paths: Json = {};
  const put = (path: string, names: readonly string[], operations: Json): void => {
    if (Object.keys(operations).length === 0) return;
    paths[path] = { ...operations, parameters: pathParameters(names, kind, dialect) };
  };
  const when = (verb: string, method: string, spec: () => OperationSpec): Json =>
    verbs.has(verb) ? { [method]: operation(spec(), own) } : {};

  const listing = (listId: string): OperationSpec => ({
    action: 'list',
    id: listId,
    parameters: listParameters,
    answer: list,
    text: `Lists objects of kind ${kind}; with \`watch\` tells of their changes.`,
    streams: verbs.has('watch'),
  });
  put(`${scope}/${resource}`, names, {
    ...when('list', 'get', () => listing(id('list', kind))),
    ...when('create', 'post', () => ({
      action: 'post',
      id: id('create', kind),
      parameters: writeParameters,
      body: schema,
      answer: schema,
      codes: { 201: 'Created', 202: 'Accepted' },
      text: `Creates a ${kind}.`,
    })),
    ...when('deletecollection', 'delete', () => ({
      action: 'deletecollection',
      id: id('delete', kind, 'Collection'),
      parameters: deleteCollectionParameters,
      body: deleteOptionsMessage,
      bodyRequired: false,
      answer: statusMessage,
      text: `Deletes all objects of kind ${kind} that are selected.`,
    })),
  });
  if (namespaced && verbs.has('list')) {
    put(`${root}/${resource}`, [], {
      get: operation(listing(`list${prefix}${kind}ForAllNamespaces`), own),
    });
  }
  if (verbs.has('watch')) putWatches();

  /** The older way to ask for watches, by paths of their own. */
  function putWatches(): void {
    const watching = (action: string, watchId: string): Json => ({
      get: operation(
        {
          action,
          id: watchId,
          parameters: listParameters,
          answer: watchEventMessage,
          text: `Tells of changes of objects of kind ${kind}. Deprecated: list with \`watch\` instead.`,
          streams: true,
        },
        own,
      ),
    });
    const watchScope = scope.replace(root, `${root}/watch`);
    put(`${watchScope}/${resource}`, names, watching('watchlist', id('watch', `${kind}List`)));
    put(`${watchScope}/${resource}/{name}`, ['name', ...names], watching('watch', id('watch', kind)));
    if (namespaced)
      put(
        `${root}/watch/${resource}`,
        [],
        watching('watchlist', `watch${prefix}${kind}ListForAllNamespaces`),
      );
  }

  /** The operations on one object, or on a subresource of it. */
  function putItem(
    suffix: string,
    has: ReadonlySet<string>,
    message: string,
    gvk: GroupVersionKind,
    label: string,
    what: string,
  ): void {
    const context = { ...own, gvk };
    const item: Json = {};
    const add = (verb: string, method: string, spec: OperationSpec): void => {
      if (has.has(verb)) item[method] = operation(spec, context);
    };
    const written = { parameters: writeParameters, body: message, answer: message };
    add('get', 'get', {
      action: 'get',
      id: id('read', label),
      parameters: [],
      answer: message,
      text: `Reads ${what}.`,
    });
    add('update', 'put', {
      ...written,
      action: 'put',
      id: id('replace', label),
      codes: { 201: 'Created' },
      text: `Replaces ${what}.`,
    });
    add('create', 'post', {
      ...written,
      action: 'post',
      id: id('create', label),
      codes: { 201: 'Created', 202: 'Accepted' },
      text: `Creates ${what}.`,
    });
    add('delete', 'delete', {
      action: 'delete',
      id: id('delete', label),
      parameters: deleteParameters,
      body: deleteOptionsMessage,
      bodyRequired: false,
      answer: strategy.returnDeletedObject === true ? message : statusMessage,
      codes: { 202: 'Accepted' },
      text: `Deletes ${what}.`,
    });
    add('patch', 'patch', {
      action: 'patch',
      id: id('patch', label),
      parameters: applyParameters,
      body: patchMessage,
      consumes: custom ? patchTypes.filter((type) => !type.includes('strategic')) : patchTypes,
      answer: message,
      codes: { 201: 'Created' },
      text: `Changes parts of ${what}.`,
    });
    put(`${scope}/${resource}/{name}${suffix}`, ['name', ...names], item);
  }

  const { gvk } = own;
  const readAndWrite = new Set(['get', 'update', 'patch']);
  const ofItem = new Set([...verbs].filter((verb) => verb !== 'create'));
  putItem('', ofItem, schema, gvk, kind, `the named ${kind}`);
  if (definition.status === true)
    putItem('/status', readAndWrite, schema, gvk, `${kind}Status`, `the status of the named ${kind}`);
  if (definition.scale !== undefined) {
    const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    putItem(
      '/scale',
      readAndWrite,
      scaleMessage,
      scaleKind,
      `${kind}Scale`,
      `the scale of the named ${kind}`,
    );
  }
  for (const [name, handler] of Object.entries(definition.subresources ?? {})) {
    const subKind = {
      group: handler.group ?? group,
      version: handler.version ?? version,
      kind: handler.kind,
    };
    const message =
      handler.kind === kind ? schema : findKind(subKind.group, subKind.version, handler.kind)?.schema;
    const label = `${kind}${camel(name)}`;
    const what = `the ${name} of the named ${kind}`;
    putItem(
      `/${name}`,
      new Set(handler.verbs),
      message ?? messageOfOther(subKind) ?? schema,
      subKind,
      label,
      what,
    );
  }
  return paths;
}

/** Kinds that only appear as subresources. */
function messageOfOther({ kind }: GroupVersionKind): string | undefined {
  const messages: Readonly<Record<string, string>> = {
    Binding: 'k8s.io.api.core.v1.Binding',
    Eviction: 'k8s.io.api.policy.v1.Eviction',
    TokenRequest: 'k8s.io.api.authentication.v1.TokenRequest',
  };
  return messages[kind];
}
