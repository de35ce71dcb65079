import { createFrontedServer } from './front/fronted-server.ts';
import {
  createServerComponent,
  tlsServerOf,
  type HttpServer,
  type HttpsServerOptions,
} from './http-server.ts';

/** The HTTPS server of the API, on this thread or, with `threads`, in front of it. */
export function createHttpsServer(options: HttpsServerOptions): HttpServer {
  if ((options.threads ?? 0) > 0) return createFrontedServer(options);
  return createServerComponent({
    name: 'https',
    ...options,
    create: tlsServerOf(options.tls),
    frontProxyCa: options.tls.frontProxyCa,
  });
}
