import type { SigningRequestContent } from '@drydock/port/certificates';

/** The signers of kubernetes.io that the cluster's own authority stands behind. */
export const clientSigner = 'kubernetes.io/kube-apiserver-client';
export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';

const encipherment = 'key encipherment';

/** The usages asked for must be these; key encipherment, which RSA keys want and others do not, may be missing. */
function usagesProblem(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const given = new Set(usages);
  const lacking = wanted.filter((usage) => !given.has(usage));
  const unwanted = [...given].some((usage) => !wanted.includes(usage));
  if (!unwanted && lacking.every((usage) => usage === encipherment)) return undefined;
  return `usages did not match [${[...wanted].sort().join(' ')}]`;
}

const organizationProblem = ({ organizations }: SigningRequestContent) =>
  organizations.length === 1 && organizations[0] === 'system:nodes'
    ? undefined
    : 'subject organization is not system:nodes';
const nameProblem = ({ commonName }: SigningRequestContent) =>
  commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
const unwantedNames = (names: readonly string[], what: string) =>
  names.length > 0 ? `${what} subjectAltNames are not allowed` : undefined;

/** Why a kubelet's client certificate may not be issued; undefined when it may. */
export function kubeletClientProblem(
  content: SigningRequestContent,
  usages: readonly string[],
): string | undefined {
  return (
    organizationProblem(content) ??
    unwantedNames(content.dnsNames, 'DNS') ??
    unwantedNames(content.emailAddresses, 'Email') ??
    unwantedNames(content.ipAddresses, 'IP') ??
    unwantedNames(content.uris, 'URI') ??
    nameProblem(content) ??
    usagesProblem(usages, ['digital signature', encipherment, 'client auth'])
  );
}

function kubeletServingProblem(
  content: SigningRequestContent,
  usages: readonly string[],
): string | undefined {
  const unreachable = content.dnsNames.length === 0 && content.ipAddresses.length === 0;
  return (
    organizationProblem(content) ??
    (unreachable ? 'DNS or IP subjectAltName is required' : undefined) ??
    unwantedNames(content.emailAddresses, 'Email') ??
    unwantedNames(content.uris, 'URI') ??
    usagesProblem(usages, ['digital signature', encipherment, 'server auth']) ??
    nameProblem(content)
  );
}

function clientProblem(usages: readonly string[]): string | undefined {
  const optional = ['digital signature', encipherment];
  const wrong = usages.find((usage) => usage !== 'client auth' && !optional.includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes('client auth')
    ? undefined
    : 'missing required usage for client certificate: client auth';
}

/** Whether the cluster signs for this signer at all. */
export function isOwnSigner(signer: string): boolean {
  return [clientSigner, kubeletClientSigner, kubeletServingSigner].includes(signer);
}

/** Why one of the cluster's signers does not sign this; undefined when it does. */
export function signerProblem(
  signer: string,
  content: SigningRequestContent,
  usages: readonly string[],
): string | undefined {
  switch (signer) {
    case kubeletClientSigner:
      return kubeletClientProblem(content, usages);
    case kubeletServingSigner:
      return kubeletServingProblem(content, usages);
    default:
      return clientProblem(usages);
  }
}
