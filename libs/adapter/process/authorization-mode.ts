import { InvalidArgumentError } from 'commander';

export type AuthorizationMode = 'AlwaysAllow' | 'RBAC';

/** Reads `--authorization-mode`. As with kube-apiserver, one mode of several that allows is enough. */
export function authorizationMode(text: string): AuthorizationMode {
  const modes = text.split(',').map((mode) => mode.trim());
  if (modes.some((mode) => mode !== 'AlwaysAllow' && mode !== 'RBAC')) {
    throw new InvalidArgumentError(
      'It must name one or more of AlwaysAllow, RBAC, with commas between them.',
    );
  }
  return modes.includes('AlwaysAllow') ? 'AlwaysAllow' : 'RBAC';
}
