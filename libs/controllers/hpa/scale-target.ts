import { parseApiVersion, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import type { CrossVersionObjectReference } from '@drydock/api/autoscaling/v2';
import type { Client } from '@drydock/machinery/client';
import { retryOnConflict } from '@drydock/machinery/controller';
import type { ObjectReference } from './metrics-client.ts';

/** autoscaling/v1 Scale, as far as the autoscaler reads it. */
export interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas?: number; selector?: string };
}

/** What was found in a list of resources, which is another one when it changes. */
const found = new WeakMap<readonly ResourceType[], Map<string, ResourceType>>();

/** Finds the resource of a kind among those that are served: the version that is named before others. */
export function resourceOfKind(
  served: readonly ResourceType[],
  { apiVersion = 'v1', kind }: ObjectReference,
): ResourceType | undefined {
  const known = found.get(served) ?? new Map<string, ResourceType>();
  found.set(served, known);
  const key = `${apiVersion} ${kind}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const { group, version } = parseApiVersion(apiVersion);
  const all = served.filter((one) => one.kind === kind && one.group === group);
  const type = all.find((one) => one.version === version) ?? all[0];
  if (type !== undefined) known.set(key, type);
  return type;
}

/** A target's scale, and how it is written back. */
export interface ScaleTarget {
  readonly scale: Scale;
  /** Where the target was changed meanwhile, its scale is read again: the count that was decided stands. */
  write(replicas: number): Promise<void>;
}

/** An error, and what it means to whoever reconciles. */
export class ScaleTargetError extends Error {
  /** Around the message in the log. */
  readonly context: string;
  /** Is what is written in the autoscaler wrong, whatever the cluster holds? */
  readonly inSpec: boolean;
  constructor(
    context: string,
    message: string,
    { cause, inSpec = false }: { cause?: unknown; inSpec?: boolean } = {},
  ) {
    super(message, { cause });
    this.context = context;
    this.inSpec = inSpec;
  }
}

/** Reads the `scale` subresource of what the autoscaler points to. @throws ScaleTargetError */
export async function readScaleTarget(
  client: Client,
  served: readonly ResourceType[],
  namespace: string,
  reference: CrossVersionObjectReference,
): Promise<ScaleTarget> {
  const { apiVersion = '', kind, name } = reference;
  if (apiVersion.split('/').length > 2) {
    throw new ScaleTargetError(
      'invalid API version in scale target reference',
      `unexpected GroupVersion string: ${apiVersion}`,
      { inSpec: true },
    );
  }
  const type = resourceOfKind(served, reference);
  if (type === undefined) {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    throw new ScaleTargetError(
      'unable to determine resource for scale target reference',
      `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`,
    );
  }
  const resource = client.resource(type).namespace(namespace);
  try {
    const read = async () => (await resource.getSubresource(name, 'scale')) as Scale;
    const scale = await read();
    return {
      scale,
      async write(replicas) {
        let known: Scale | undefined = scale;
        await retryOnConflict(async () => {
          const current = known ?? (await read());
          known = undefined;
          const wanted: KubeObject & Scale = { ...current, spec: { ...current.spec, replicas } };
          await resource.updateSubresource(name, 'scale', wanted);
        });
      },
    };
  } catch (error) {
    throw new ScaleTargetError(
      `failed to query scale subresource for ${kind}/${namespace}/${name}`,
      (error as Error).message,
      { cause: error },
    );
  }
}
