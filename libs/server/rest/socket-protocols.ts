import type { HttpRequest } from '@drydock/port/http';
import { bearerProtocolPrefix } from '../authn/index.ts';

/** The names of a header that is a list. */
export function listHeader(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The subprotocols that a WebSocket's client offers; its credentials are none. */
export function offeredProtocols(request: HttpRequest): string[] {
  return listHeader(request.header('sec-websocket-protocol')).filter(
    (name) => !name.startsWith(bearerProtocolPrefix),
  );
}
