import type { EtcdConnection } from './connection.ts';
import type { RangeResponse } from './gen/etcd.ts';
import { decodeKey, type Keyspace } from './keys.ts';

/**
 * What is added to etcd's revisions: an etcd that a snapshot was restored into counts from the beginning, and the cluster's revisions
 * must not. It is kept under the keyspace's `baseKey`, written before anything else. 0 where nothing was restored.
 */
export async function readBase(connection: EtcdConnection, keys: Keyspace): Promise<number> {
  const { kvs } = await connection.read<RangeResponse>((kv, metadata, callOptions, answer) =>
    kv.range(
      {
        key: keys.encode(keys.baseKey),
        rangeEnd: new Uint8Array(),
        limit: 1,
        revision: 0,
        serializable: false,
        keysOnly: false,
      },
      metadata,
      callOptions,
      answer,
    ),
  );
  return kvs[0] === undefined ? 0 : Number(decodeKey(kvs[0].value));
}
