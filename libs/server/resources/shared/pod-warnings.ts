import type { Container, NodeSelectorTerm, PodAffinityTerm, PodSpec } from '@drydock/api/core/v1';
import type { FieldPath, KubeObject, ObjectMeta } from '@drydock/base/apimachinery';
import { fieldPath, goQuote, validateLabelValue } from '@drydock/base/apimachinery';
import { addressWarnings } from './address-warnings.ts';
import { claimWarnings, fractionWarnings } from './claim-warnings.ts';
import { deprecatedNodeLabels, nodeTermWarnings } from './node-label-warnings.ts';
import { volumePathWarnings } from './volume-path-warnings.ts';

const deprecatedAnnotations: readonly (readonly [string, string])[] = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  [
    'security.alpha.kubernetes.io/unsafe-sysctls',
    'non-functional in v1.11+; use the "sysctls" field instead',
  ],
];

/** Kinds of volumes that have had their day, by their field: what is said of them, and of which path where that differs. */
const deprecatedVolumes: readonly (readonly [field: string, text: string, path?: string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const seccompKey = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

/** Collects advice in Kubernetes' words and order. */
class PodAdvice {
  readonly texts: string[] = [];
  readonly #spec: PodSpec;
  readonly #annotations: Readonly<Record<string, string>>;
  readonly #at: FieldPath | undefined;

  constructor(spec: PodSpec, meta: ObjectMeta | undefined, at: FieldPath | undefined) {
    this.#spec = spec;
    this.#annotations = meta?.annotations ?? {};
    this.#at = at;
  }

  run(): string[] {
    this.#selectors();
    this.#annotationsOfPod();
    this.#volumes();
    this.#repeated();
    this.#quantities(this.#path('spec', 'overhead'), this.#spec.overhead);
    this.#containers();
    this.#portNames();
    this.#ports();
    if ((this.#spec.terminationGracePeriodSeconds ?? 0) < 0) {
      this.#say(
        this.#path('spec', 'terminationGracePeriodSeconds'),
        'must be >= 0; negative values are invalid and will be treated as 1',
      );
    }
    this.#affinity();
    this.#addresses();
    return this.texts;
  }

  #path(first: string, ...rest: string[]): FieldPath {
    return this.#at === undefined ? fieldPath(first, ...rest) : this.#at.child(first, ...rest);
  }

  #say(where: FieldPath, text: string): void {
    this.texts.push(`${where.toString()}: ${text}`);
  }

  #selectors(): void {
    for (const key of Object.keys(this.#spec.nodeSelector ?? {})) {
      const message = deprecatedNodeLabels.get(key);
      if (message !== undefined) this.#say(this.#path('spec', 'nodeSelector').key(key), message);
    }
    const affinity = this.#spec.affinity?.nodeAffinity;
    const at = this.#path('spec', 'affinity', 'nodeAffinity');
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, index) =>
      this.#term(
        term,
        at.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms').index(index),
      ),
    );
    affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference }, index) =>
      this.#term(
        preference,
        at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index).child('preference'),
        true,
      ),
    );
    this.#spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, index) => {
      const where = this.#path('spec', 'topologySpreadConstraints').index(index);
      const message = deprecatedNodeLabels.get(topologyKey);
      if (message !== undefined) this.#say(where.child('topologyKey'), `${topologyKey} is ${message}`);
      if (labelSelector === undefined) this.#noSelector(where.child('labelSelector'));
    });
  }

  #term(term: NodeSelectorTerm | undefined, at: FieldPath, valuesToo = false): void {
    this.texts.push(...nodeTermWarnings(term, at));
    if (!valuesToo) return;
    // Those that are required are checked when the object is validated.
    term?.matchExpressions?.forEach(({ values }, index) => {
      values?.forEach((value, position) => {
        const where = at.child('matchExpressions').index(index).child('values').index(position);
        for (const message of validateLabelValue(value)) this.#say(where, `${value} is invalid, ${message}`);
      });
    });
  }

  #noSelector(where: FieldPath): void {
    this.#say(where, 'a null labelSelector results in matching no pod');
  }

  #annotation(key: string, message: string): void {
    if (Object.hasOwn(this.#annotations, key))
      this.#say(this.#path('metadata', 'annotations').key(key), message);
  }

  #annotationsOfPod(): void {
    for (const [key, message] of deprecatedAnnotations) this.#annotation(key, message);
  }

  #volumes(): void {
    this.#spec.volumes?.forEach((volume, index) => {
      const at = this.#path('spec', 'volumes').index(index);
      for (const [plugin, message, path = plugin] of deprecatedVolumes) {
        if ((volume as unknown as Record<string, unknown>)[plugin] !== undefined)
          this.#say(at.child(path), message);
      }
      const template = volume.ephemeral?.volumeClaimTemplate;
      this.texts.push(...claimWarnings(template?.spec, at.child('ephemeral', 'volumeClaimTemplate', 'spec')));
    });
    this.texts.push(...volumePathWarnings(this.#spec.volumes));
  }

  #repeated(): void {
    const addresses = new Set<string | undefined>();
    this.#spec.hostAliases?.forEach(({ ip }, index) => {
      if (addresses.has(ip))
        this.#say(
          this.#path('spec', 'hostAliases').index(index).child('ip'),
          `duplicate ip ${goQuote(ip ?? '')}`,
        );
      addresses.add(ip);
    });
    const secrets = this.#spec.imagePullSecrets ?? [];
    const names = new Set<string>();
    const at = (index: number): FieldPath =>
      this.#path('spec', 'imagePullSecrets').index(index).child('name');
    secrets.forEach(({ name = '' }, index) => {
      if (names.has(name)) this.#say(at(index), `duplicate name ${goQuote(name)}`);
      names.add(name);
    });
    secrets.forEach(({ name = '' }, index) => {
      if (name === '') this.#say(at(index), 'invalid empty name ""');
    });
  }

  #quantities(
    at: FieldPath,
    amounts: Readonly<Record<string, string>> | undefined,
    keys: readonly string[] = ['memory', 'ephemeral-storage'],
  ): void {
    for (const key of keys) {
      const text = amounts?.[key];
      this.texts.push(...fractionWarnings(text, at.key(key)));
    }
  }

  #eachContainer(visit: (container: Container, at: FieldPath) => void): void {
    for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
      (this.#spec[list] ?? []).forEach((container, index) =>
        visit(container as Container, this.#path('spec', list).index(index)),
      );
    }
  }

  #containers(): void {
    const security = this.#spec.securityContext;
    const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
    if (security?.seccompProfile === undefined) this.#annotation(seccompKey, useSeccomp);
    this.#eachContainer((container, at) => {
      const { securityContext, resources, name } = container;
      if (securityContext?.seccompProfile === undefined)
        this.#annotation(containerSeccompPrefix + name, useSeccomp);
      const armored = (security?.appArmorProfile ?? securityContext?.appArmorProfile) !== undefined;
      if (this.#at !== undefined && !armored)
        this.#annotation(
          appArmorPrefix + name,
          'deprecated since v1.30; use the "appArmorProfile" field instead',
        );
      for (const key of ['memory', 'ephemeral-storage']) {
        this.#quantities(at.child('resources', 'limits'), resources?.limits, [key]);
        this.#quantities(at.child('resources', 'requests'), resources?.requests, [key]);
      }
      this.#environment(container, at);
    });
  }

  #environment({ env }: Container, at: FieldPath): void {
    const names = new Set<string>();
    env?.forEach(({ name, value = '', valueFrom }, index) => {
      const reference = `$(${name})`;
      // A value that builds on the one before is meant; all else loses it.
      const hides = valueFrom !== undefined || value === reference || !value.includes(reference);
      if (names.has(name) && hides) {
        this.#say(
          at.child('env').index(index),
          `hides previous definition of ${goQuote(name)}, which may be dropped when using apply`,
        );
      }
      names.add(name);
    });
  }

  /** Services and probes find the first port of a name. Init containers that end are not in their way. */
  #portNames(): void {
    const known = new Map<string, FieldPath>();
    for (const list of ['initContainers', 'containers'] as const) {
      (this.#spec[list] ?? []).forEach(({ ports, restartPolicy }, position) => {
        if (list === 'initContainers' && restartPolicy !== 'Always') return;
        ports?.forEach(({ name = '' }, index) => {
          const at = this.#path('spec', list).index(position).child('ports').index(index);
          const first = known.get(name)?.toString();
          if (name === '') return;
          if (first === undefined) known.set(name, at);
          else
            this.#say(
              at,
              `duplicate port name ${goQuote(name)} with ${first}, services and probes that select ports by name will use ${first}`,
            );
        });
      });
    }
  }

  #ports(): void {
    const known = new Map<string, { at: FieldPath; hostIP: string; hostPort: number }[]>();
    this.#eachContainer(({ ports }, container) => {
      ports?.forEach(({ name = '', containerPort, protocol, hostIP = '', hostPort = 0 }, index) => {
        const at = container.child('ports').index(index);
        if (hostIP !== '' && hostPort === 0) {
          const port = `Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol ?? 'TCP'} HostIP:${hostIP}`;
          this.#say(at, `hostIP set without hostPort: {${port}}`);
        }
        const key = `${containerPort}/${protocol ?? 'TCP'}`;
        const others = known.get(key) ?? [];
        for (const other of others) {
          const oneIsOpen = (hostIP === '') !== (other.hostIP === '');
          let relation: string | undefined;
          if (hostIP === other.hostIP && hostPort === other.hostPort) relation = 'duplicate';
          else if (hostPort === 0 || other.hostPort === 0) relation = 'overlapping';
          else if (hostPort === other.hostPort && oneIsOpen) relation = 'dangerously ambiguous';
          if (relation !== undefined)
            this.#say(at, `${relation} port definition with ${other.at.toString()}`);
        }
        known.set(key, [...others, { at, hostIP, hostPort }]);
      });
    });
  }

  #addresses(): void {
    this.#spec.dnsConfig?.nameservers?.forEach((server, index) =>
      this.texts.push(
        ...addressWarnings(server, this.#path('spec', 'dnsConfig', 'nameservers').index(index)),
      ),
    );
    this.#spec.hostAliases?.forEach(({ ip }, index) =>
      this.texts.push(...addressWarnings(ip, this.#path('spec', 'hostAliases').index(index).child('ip'))),
    );
  }

  #affinity(): void {
    for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
      const affinity = this.#spec.affinity?.[kind];
      const at = this.#path('spec', 'affinity', kind);
      const check = (term: PodAffinityTerm | undefined, where: FieldPath): void => {
        if (term?.labelSelector === undefined) this.#noSelector(where.child('labelSelector'));
      };
      affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) =>
        check(term, at.child('requiredDuringSchedulingIgnoredDuringExecution').index(index)),
      );
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ podAffinityTerm }, index) =>
        check(
          podAffinityTerm,
          at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index).child('podAffinityTerm'),
        ),
      );
    }
  }
}

/** Advice on a Pod (no `at`), or on the Pod template at a path. */
export function podWarnings(
  pod: { metadata?: ObjectMeta; spec?: PodSpec } | undefined,
  at?: FieldPath,
): string[] {
  return pod?.spec === undefined ? [] : new PodAdvice(pod.spec, pod.metadata, at).run();
}

/** As `podWarnings` for the template of a workload, said when it is made and when its spec changes. */
export function templateWarnings(
  object: KubeObject,
  old: KubeObject | undefined,
  template: { metadata?: ObjectMeta; spec?: PodSpec } | undefined,
  at: FieldPath = fieldPath('spec', 'template'),
): string[] {
  if (old !== undefined && old.metadata.generation === object.metadata.generation) return [];
  return podWarnings(template, at);
}
