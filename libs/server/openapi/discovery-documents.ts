import { camel, groupLabel, tagOf } from './labels.ts';
import { rootOf } from './paths.ts';
import { reference, type Dialect, type Json } from './schemas.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The one operation of a path of discovery. */
export interface DiscoveryPath {
  readonly path: string;
  /** The message that is answered; undefined for the version. */
  readonly message: string | undefined;
  readonly operation: Json;
}

function answering(
  path: string,
  tag: string,
  id: string,
  description: string,
  message: string | undefined,
  dialect: Dialect,
): DiscoveryPath {
  const schema = message === undefined ? { type: 'object' } : { $ref: reference(message, dialect) };
  const types = message === undefined ? ['application/json'] : mediaTypes;
  const common = { description, operationId: id, tags: [tag] };
  const unauthorized = { description: 'Unauthorized' };
  const operation =
    dialect === 'v2'
      ? {
          ...common,
          produces: types,
          responses: { 200: { description: 'OK', schema }, 401: unauthorized },
          schemes: ['https'],
        }
      : {
          ...common,
          responses: {
            200: { description: 'OK', content: Object.fromEntries(types.map((type) => [type, { schema }])) },
            401: unauthorized,
          },
        };
  return { path, message, operation };
}

/** `/api/`, `/apis/`, `/version/` and `/apis/<group>/`, by the names of their documents: `api`, `apis`, `apis/apps` … */
export function discoveryDocuments(groups: Iterable<string>, dialect: Dialect): Map<string, DiscoveryPath> {
  const found = new Map<string, DiscoveryPath>();
  const versions = 'The versions that the core group is served in.';
  found.set(
    'api',
    answering('/api/', 'core', 'getCoreAPIVersions', versions, `${meta}.APIVersions`, dialect),
  );
  const all = 'The groups that are served.';
  found.set('apis', answering('/apis/', 'apis', 'getAPIVersions', all, `${meta}.APIGroupList`, dialect));
  found.set(
    'version',
    answering('/version/', 'version', 'getCodeVersion', 'The version of the server.', undefined, dialect),
  );
  for (const group of groups) {
    if (group === '') continue;
    const id = `get${groupLabel(group)}APIGroup`;
    const text = 'The versions that the group is served in.';
    found.set(
      `apis/${group}`,
      answering(`/apis/${group}/`, tagOf(group), id, text, `${meta}.APIGroup`, dialect),
    );
  }
  return found;
}

/** `/apis/<group>/<version>/`: the resources that are served there. */
export function resourcesPath(group: string, version: string, dialect: Dialect): DiscoveryPath {
  const id = `get${groupLabel(group)}${camel(version)}APIResources`;
  return answering(
    `${rootOf(group, version)}/`,
    tagOf(group, version),
    id,
    'The resources that are served in this version.',
    `${meta}.APIResourceList`,
    dialect,
  );
}
