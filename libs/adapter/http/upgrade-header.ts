import type { IncomingMessage } from 'node:http';

/** Whether a request asks for a protocol that the server can change to; any other Upgrade header is ignored, as HTTP allows. */
export function wantsUpgrade(incoming: IncomingMessage): boolean {
  return upgradeOf(incoming) !== undefined;
}

export function upgradeOf(incoming: IncomingMessage): 'websocket' | 'spdy/3.1' | undefined {
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(incoming.headers.connection ?? '')) return undefined;
  const protocol = incoming.headers.upgrade?.toLowerCase();
  return protocol === 'websocket' || protocol === 'spdy/3.1' ? protocol : undefined;
}
