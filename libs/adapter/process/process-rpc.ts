import { createRpcServer, type RpcServer, type RpcService } from '@drydock/rpc';
import type { Command } from 'commander';
import { flag, integer } from './flags.ts';
import { readPem } from './pem.ts';
import type { ProcessDeps } from './run.ts';
import type { ServingOptions } from './serving-flags.ts';

/** Adds `--grpc-port`, for a process with a gRPC service of its own. */
export function addGrpcFlag(command: Command, port: number): Command {
  return command.addOption(
    flag('--grpc-port <n>', 'gRPC port; 0 takes a free one').argParser(integer(0, 65_535)).default(port),
  );
}

/** A process's own gRPC services, with health and reflection; mutual TLS with the certificate that it serves HTTPS with. */
export function createProcessRpcServer(
  options: ServingOptions & { readonly grpcPort: number },
  services: readonly RpcService[],
  { logger, metrics }: ProcessDeps,
): RpcServer {
  const { tlsCertFile, tlsPrivateKeyFile, clientCaFile } = options;
  return createRpcServer({
    address: options.bindAddress,
    port: options.grpcPort,
    services,
    logger,
    metrics,
    ...(tlsCertFile === undefined || tlsPrivateKeyFile === undefined
      ? {}
      : {
          tls: {
            certificate: readPem(tlsCertFile, '--tls-cert-file'),
            key: readPem(tlsPrivateKeyFile, '--tls-private-key-file'),
            ...(clientCaFile === undefined
              ? {}
              : { clientCertificateAuthority: readPem(clientCaFile, '--client-ca-file') }),
          },
        }),
  });
}
