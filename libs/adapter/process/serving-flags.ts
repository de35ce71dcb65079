import { join } from 'node:path';
import type { Command } from 'commander';
import { duration, flag, integer } from './flags.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What every process of a distributed cluster is told: where it listens, with which certificate, and how much it logs. */
export interface ServingOptions {
  /** Folder that `drydock certs` wrote; the default of every file below. */
  readonly pkiDir: string | undefined;
  readonly bindAddress: string;
  /** HTTPS port; 0 takes a free one. */
  readonly securePort: number;
  /** PEM files. Without them the process makes a certificate of its own. */
  readonly tlsCertFile: string | undefined;
  readonly tlsPrivateKeyFile: string | undefined;
  /** Authorities of client certificates, PEM. */
  readonly clientCaFile: string | undefined;
  readonly logLevel: LogLevel;
  /** How long a stop may take. */
  readonly shutdownTimeoutMs: number;
}

/** `<pkiDir>/<file>`, or undefined without a folder. */
export const pkiFile = (pkiDir: string | undefined, file: string): string | undefined =>
  pkiDir === undefined ? undefined : join(pkiDir, file);

/** Adds the flags of `ServingOptions`. */
export function addServingFlags(command: Command, securePort: number): Command {
  return command
    .optionsGroup('Serving:')
    .addOption(
      flag('--bind-address <ip>', 'interface to listen on; 0.0.0.0 or :: for all').default('127.0.0.1'),
    )
    .addOption(
      flag('--secure-port <n>', 'HTTPS port; 0 takes a free one')
        .argParser(integer(0, 65_535))
        .default(securePort),
    )
    .addOption(flag('--pki-dir <dir>', 'folder written by `drydock certs`: default of all certificate files'))
    .addOption(flag('--tls-cert-file <file>', 'serving certificate, PEM'))
    .addOption(flag('--tls-private-key-file <file>', 'its key, PEM'))
    .addOption(flag('--client-ca-file <file>', 'authorities for client certificates, PEM'))
    .optionsGroup('Process:')
    .addOption(
      flag('--log-level <level>', 'least level to log')
        .choices([...logLevels])
        .default('info'),
    )
    .addOption(
      flag('--shutdown-timeout <duration>', 'how long a stop may take')
        .argParser(duration)
        .default(5_000, '5s'),
    );
}

/** What the flags say; `app` names the certificate in the folder of `--pki-dir`. */
export function servingOptions(raw: Readonly<Record<string, unknown>>, app: string): ServingOptions {
  const given = raw as Partial<ServingOptions> & {
    bindAddress: string;
    securePort: number;
    shutdownTimeout?: number;
  };
  const { pkiDir } = given;
  return {
    pkiDir,
    bindAddress: given.bindAddress,
    securePort: given.securePort,
    tlsCertFile: given.tlsCertFile ?? pkiFile(pkiDir, `${app}.crt`),
    tlsPrivateKeyFile: given.tlsPrivateKeyFile ?? pkiFile(pkiDir, `${app}.key`),
    clientCaFile: given.clientCaFile ?? pkiFile(pkiDir, 'ca.crt'),
    logLevel: given.logLevel ?? 'info',
    shutdownTimeoutMs: given.shutdownTimeout ?? 5_000,
  };
}
