export type { ClientCertificate, HttpHandler, HttpRequest, HttpResponse } from './http.ts';
