import type { StoreEntry, StoreSnapshot } from '@drydock/port/store';
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import { writeMessage } from './call-stream.ts';
import { callerOf, type Authenticate } from './caller.ts';
import { channelOptionsOf, credentialsOf, type RpcClientTls } from './channel.ts';
import {
  SnapshotServiceClient,
  SnapshotServiceService,
  type SaveRequest,
  type SaveResponse,
} from './gen/drydock/v1/snapshot.ts';
import type { RpcService } from './rpc-server.ts';
import { fromServiceError, toGrpcStatus } from './status-mapping.ts';

/** Of the values in one message; a single larger value goes alone. */
const chunkBytes = 1024 * 1024;

/** `drydock.v1.SnapshotService` over a store; `allow` throws at callers that may not have everything. */
export function createSnapshotService(list: () => Promise<StoreSnapshot>, allow: Authenticate): RpcService {
  async function save(call: ServerWritableStream<SaveRequest, SaveResponse>): Promise<void> {
    await allow(callerOf(call));
    const { entries, revision } = await list();
    let chunk: StoreEntry[] = [];
    let bytes = 0;
    let head = { revision, total: entries.length };
    const send = async (): Promise<void> => {
      await writeMessage(call, { ...head, entries: chunk });
      head = { revision: 0, total: 0 };
      chunk = [];
      bytes = 0;
    };
    for (const entry of entries) {
      if (call.cancelled) return;
      if (bytes > 0 && bytes + entry.value.length > chunkBytes) await send();
      chunk.push(entry);
      bytes += entry.value.length + entry.key.length;
    }
    await send();
    call.end();
  }
  return {
    name: 'drydock.v1.SnapshotService',
    definition: SnapshotServiceService,
    implementation: {
      save(call: ServerWritableStream<SaveRequest, SaveResponse>) {
        save(call).catch((error: unknown) => call.emit('error', toGrpcStatus(error)));
      },
    },
  };
}

/** Reads a running API server's whole store, as of one revision. @throws ApiError */
export async function readSnapshot(address: string, tls?: RpcClientTls): Promise<StoreSnapshot> {
  const channel = channelOptionsOf(tls === undefined ? {} : { tls });
  const client = new SnapshotServiceClient(address, credentialsOf(tls), channel);
  try {
    const entries: StoreEntry[] = [];
    let revision = 0;
    let total = 0;
    for await (const part of client.save({}, new Metadata()) as AsyncIterable<SaveResponse>) {
      revision ||= part.revision;
      total ||= part.total;
      entries.push(...part.entries);
    }
    if (revision === 0 || entries.length !== total)
      throw new Error(`the snapshot is cut short: ${entries.length} of ${total} entries`);
    return { entries, revision };
  } catch (error) {
    throw fromServiceError(error);
  } finally {
    client.close();
  }
}
