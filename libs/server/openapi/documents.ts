import { findKind, loadDescriptions, lookupSchema } from '@drydock/api/scheme';
import type { ResourceDefinition } from '../registry/types.ts';
import { customListSchema, customSchema } from './custom.ts';
import { discoveryDocuments, resourcesPath, type DiscoveryPath } from './discovery-documents.ts';
import { pathsOf, rootOf } from './paths.ts';
import {
  messageSchema,
  reachable,
  schemaName,
  type Dialect,
  type GroupVersionKind,
  type Json,
} from './schemas.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const scale = 'k8s.io.api.autoscaling.v1.Scale';
/** Kinds that only appear as subresources. */
const subresourceMessages: Readonly<Record<string, string>> = {
  Eviction: 'k8s.io.api.policy.v1.Eviction',
  TokenRequest: 'k8s.io.api.authentication.v1.TokenRequest',
};

function schemasOf(
  definitions: readonly ResourceDefinition[],
  dialect: Dialect,
  texts: Awaited<ReturnType<typeof loadDescriptions>>,
): Json {
  const gvks = new Map<string, GroupVersionKind[]>();
  const roots = new Set(
    ['DeleteOptions', 'Status', 'WatchEvent', 'APIResourceList'].map((kind) => `${meta}.${kind}`),
  );
  if (definitions.some(({ custom }) => custom !== undefined))
    for (const kind of ['ObjectMeta', 'ListMeta']) roots.add(`${meta}.${kind}`);
  const name = (message: string, gvk: GroupVersionKind) => {
    if (lookupSchema(message) === undefined) return;
    roots.add(message);
    gvks.set(message, [...(gvks.get(message) ?? []), gvk]);
  };
  for (const { group, version, kind, schema, scale: hasScale, subresources } of definitions) {
    name(schema, { group, version, kind });
    name(`${schema}List`, { group, version, kind: `${kind}List` });
    if (hasScale !== undefined && !gvks.has(scale))
      name(scale, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
    for (const handler of Object.values(subresources ?? {})) {
      const [itsGroup, itsVersion] = [handler.group ?? group, handler.version ?? version];
      const message =
        findKind(itsGroup, itsVersion, handler.kind)?.schema ?? subresourceMessages[handler.kind];
      if (message === undefined || message === schema) continue;
      if (gvks.has(message)) continue;
      name(message, { group: itsGroup, version: itsVersion, kind: handler.kind });
    }
  }
  // Every group version knows these kinds.
  const everywhere = new Map(
    definitions.map(({ group, version }) => [rootOf(group, version), { group, version }]),
  );
  for (const own of everywhere.values())
    for (const kind of ['DeleteOptions', 'WatchEvent']) name(`${meta}.${kind}`, { ...own, kind });
  name(`${meta}.Status`, { group: '', version: 'v1', kind: 'Status' });
  const schemas: Json = {
    [schemaName(`${meta}.Patch`)]: {
      description: 'A patch; what it looks like follows from the Content-Type of the request.',
      type: 'object',
    },
  };
  for (const message of reachable(roots)) {
    schemas[schemaName(message)] = messageSchema(message, dialect, texts, gvks.get(message) ?? []);
  }
  for (const { schema, kind, group, version, custom } of definitions) {
    if (custom === undefined) continue;
    schemas[schemaName(schema)] = customSchema(custom.schema, dialect, [{ group, version, kind }]);
    const gvk = { group, version, kind: `${kind}List` };
    schemas[schemaName(`${schema}List`)] = customListSchema(schema, kind, dialect, gvk);
  }
  return schemas;
}

/** Paths of the resources and of discovery beneath their group versions. */
function paths(definitions: readonly ResourceDefinition[], dialect: Dialect): Json {
  const all = definitions.map((definition) => pathsOf(definition, dialect));
  const versions = new Map(
    definitions.map(({ group, version }) => [rootOf(group, version), { group, version }]),
  );
  for (const { group, version } of versions.values())
    all.push(pathOf(resourcesPath(group, version, dialect)));
  return sorted(Object.assign({}, ...all) as Json);
}

function pathOf({ path, operation }: DiscoveryPath): Json {
  return { [path]: { get: operation } };
}

function sorted(value: Json): Json {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function groupsOf(definitions: readonly ResourceDefinition[]): Set<string> {
  return new Set(definitions.map(({ group }) => group));
}

const title = { title: 'Kubernetes', version: 'v1.36.0' };
const bearer = {
  BearerToken: {
    type: 'apiKey',
    description: 'A bearer token, as `Authorization: Bearer …`.',
    name: 'authorization',
    in: 'header',
  },
};

/** What has a document, as `/openapi/v3` lists it: `api`, `api/v1`, `apis`, `apis/apps`, `apis/apps/v1`, `version`, … */
export function openApiV3Paths(definitions: readonly ResourceDefinition[]): string[] {
  const roots = definitions.map(({ group, version }) => rootOf(group, version).slice(1));
  return [...new Set([...roots, ...discoveryDocuments(groupsOf(definitions), 'v3').keys()])].sort();
}

/**
 * The OpenAPI v3 document of one group version (`api/v1`, `apis/apps/v1`): its kinds with everything beneath them, and the
 * operations on their paths; or of one of the paths of discovery. Undefined when there is no such.
 */
export async function buildOpenApiV3(
  root: string,
  definitions: readonly ResourceDefinition[],
): Promise<Json | undefined> {
  const own = definitions.filter(({ group, version }) => rootOf(group, version) === `/${root}`);
  const texts = await loadDescriptions();
  let content: { paths: Json; schemas: Json };
  if (own.length > 0) content = { paths: paths(own, 'v3'), schemas: schemasOf(own, 'v3', texts) };
  else {
    const found = discoveryDocuments(groupsOf(definitions), 'v3').get(root);
    if (found === undefined) return undefined;
    content = { paths: pathOf(found), schemas: messageSchemas(found.message, 'v3', texts) };
  }
  return {
    openapi: '3.0.0',
    info: title,
    paths: content.paths,
    components: { schemas: content.schemas, securitySchemes: bearer },
  };
}

type Texts = Awaited<ReturnType<typeof loadDescriptions>>;

/** The schemas of one message and of all beneath it. */
function messageSchemas(message: string | undefined, dialect: Dialect, texts: Texts): Json {
  if (message === undefined) return {};
  const kind = message.slice(message.lastIndexOf('.') + 1);
  const gvk = { group: '', version: 'v1', kind };
  return Object.fromEntries(
    reachable([message]).map((one) => [
      schemaName(one),
      messageSchema(one, dialect, texts, one === message ? [gvk] : []),
    ]),
  );
}

/** The OpenAPI v2 (Swagger) document of everything that is served. */
export async function buildOpenApiV2(definitions: readonly ResourceDefinition[]): Promise<Json> {
  const texts = await loadDescriptions();
  const documents = [...discoveryDocuments(groupsOf(definitions), 'v2').values()];
  const schemas = schemasOf(definitions, 'v2', texts);
  for (const { message } of documents) Object.assign(schemas, messageSchemas(message, 'v2', texts));
  return {
    swagger: '2.0',
    info: title,
    paths: sorted(Object.assign(paths(definitions, 'v2'), ...documents.map(pathOf)) as Json),
    definitions: sorted(schemas),
    securityDefinitions: bearer,
    security: [{ BearerToken: [] }],
  };
}
