export type { ClientCertificate, HttpHandler, HttpRequest, HttpResponse } from './http.ts';
export type { HttpUpgrade, MessageSocket, SessionStream, SocketMessage, StreamSession } from './upgrade.ts';
