export type { ClientCertificate, HttpHandler, HttpRequest, HttpResponse, Upstream } from './http.ts';
export type { HttpUpgrade, MessageSocket, SessionStream, SocketMessage, StreamSession } from './upgrade.ts';
