import { isConflict, isNotFound, joinKey, objectKey } from '@drydock/base/apimachinery';
import { Secret, ServiceAccount } from '@drydock/api/core/v1';
import {
  createController,
  retryOnConflict,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import type { TokenKeys } from '@drydock/port/tokens';

const name = 'serviceaccount-token-controller';
export const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';
/** Marks keys that tell of a Secret that is gone: namespace, account, Secret and the account's uid. */
const goneMark = 'gone:';
const legacyIssuer = 'kubernetes/serviceaccount';

export interface ServiceAccountTokenControllerOptions {
  /** Sign the tokens. */
  readonly keys: TokenKeys;
  /** PEM that goes into `ca.crt`. Without it that is left as it is. */
  readonly rootCa?: string;
}

/** UTF-8 text as base64, as Secrets hold it. */
export function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** The claims of a token that lasts as long as its Secret does. */
export function legacyClaims(account: ServiceAccount, secret: Secret): Record<string, unknown> {
  const { name: accountName = '', namespace = '', uid = '' } = account.metadata;
  return {
    iss: legacyIssuer,
    'kubernetes.io/serviceaccount/namespace': namespace,
    'kubernetes.io/serviceaccount/secret.name': secret.metadata.name ?? '',
    'kubernetes.io/serviceaccount/service-account.name': accountName,
    'kubernetes.io/serviceaccount/service-account.uid': uid,
    sub: `system:serviceaccount:${namespace}:${accountName}`,
  };
}

function accountKey(secret: Secret): string {
  return joinKey(secret.metadata.namespace, secret.metadata.annotations?.[nameAnnotation] ?? '');
}

const byAccount = {
  name: 'service-account',
  values: (secret: Secret): readonly string[] => (secret.type === tokenType ? [accountKey(secret)] : []),
};

/** `serviceaccount-token-controller`: fills the token Secrets that people make by hand, and deletes those of accounts that are gone. */
export function createServiceAccountTokenController(
  { keys, rootCa }: ServiceAccountTokenControllerOptions,
  deps: ControllerDeps,
): Controller {
  const { client, informers } = deps;
  const accounts = informers.informer(ServiceAccount);
  const secrets = informers.informer(Secret, { indexers: { [byAccount.name]: byAccount.values } });

  async function liveAccount(secret: Secret): Promise<ServiceAccount | undefined> {
    const uid = secret.metadata.annotations?.[uidAnnotation];
    const isRight = (account: ServiceAccount | undefined) =>
      account !== undefined && (uid === undefined || uid === '' || uid === account.metadata.uid);
    const cached = accounts.get(accountKey(secret));
    if (isRight(cached)) return cached;
    try {
      const live = await client
        .resource(ServiceAccount)
        .namespace(secret.metadata.namespace ?? '')
        .get(secret.metadata.annotations?.[nameAnnotation] ?? '');
      return isRight(live) ? live : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function filled(secret: Secret, account: ServiceAccount): Secret | undefined {
    const data: Record<string, string> = { ...secret.data };
    const { namespace = '', uid = '' } = account.metadata;
    if (rootCa !== undefined) data['ca.crt'] = base64(rootCa);
    data['namespace'] ||= base64(namespace);
    data['token'] ||= base64(keys.sign(legacyClaims(account, secret)));
    const same = Object.entries(data).every(([key, value]) => secret.data?.[key] === value);
    if (same && secret.metadata.annotations?.[uidAnnotation] === uid) return undefined;
    const annotations = { ...secret.metadata.annotations, [uidAnnotation]: uid };
    return { ...secret, metadata: { ...secret.metadata, annotations }, data };
  }

  /** Takes a Secret that is gone off the list of its account's. */
  async function unlist(key: string): Promise<void> {
    const [namespace = '', account = '', secretName = '', uid = ''] = key.split('/');
    if (secrets.get(joinKey(namespace, secretName)) !== undefined) return;
    const resource = client.resource(ServiceAccount).namespace(namespace);
    try {
      await retryOnConflict(async () => {
        const live = await resource.get(account);
        if (uid !== '' && live.metadata.uid !== uid) return;
        const left = live.secrets?.filter((one) => one.name !== secretName);
        if (left === undefined || left.length === live.secrets?.length) return;
        const { secrets: _secrets, ...rest } = live;
        await resource.update(left.length > 0 ? { ...rest, secrets: left } : rest);
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return createController(
    {
      name,
      sources: [
        source(Secret, (secret, { deleted }) => {
          if (secret.type !== tokenType) return [];
          if (!deleted) return [objectKey(secret)];
          const { name: secretName = '', annotations } = secret.metadata;
          return [`${goneMark}${accountKey(secret)}/${secretName}/${annotations?.[uidAnnotation] ?? ''}`];
        }),
        source(ServiceAccount, (account) =>
          secrets.byIndex(byAccount.name, objectKey(account)).map(objectKey),
        ),
      ],
      async reconcile(key) {
        if (key.startsWith(goneMark)) return unlist(key.slice(goneMark.length));
        const secret = secrets.get(key);
        if (secret === undefined || secret.type !== tokenType || secret.metadata.deletionTimestamp) return;
        const { namespace = '', name: secretName = '', uid = '' } = secret.metadata;
        const resource = client.resource(Secret).namespace(namespace);
        const account = await liveAccount(secret);
        try {
          if (account === undefined) await resource.delete(secretName, { preconditions: { uid } });
          else {
            const next = filled(secret, account);
            if (next !== undefined) await resource.update(next);
          }
        } catch (error) {
          if (isConflict(error)) return { requeue: true };
          if (!isNotFound(error)) throw error;
        }
        return undefined;
      },
    },
    deps,
  );
}
