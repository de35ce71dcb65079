import { InvalidArgumentError, type Command } from 'commander';
import { flag } from './flags.ts';

/**
 * Kubernetes' admission plugins, by the names that `--enable-admission-plugins` and `--disable-admission-plugins` take.
 * True: there is one of this name here, and it is on unless it is turned off.
 */
const known: Readonly<Record<string, boolean>> = {
  AlwaysAdmit: false,
  AlwaysDeny: false,
  AlwaysPullImages: false,
  CertificateApproval: true,
  CertificateSigning: true,
  CertificateSubjectRestriction: true,
  ClusterTrustBundleAttest: false,
  DefaultIngressClass: true,
  DefaultStorageClass: true,
  DefaultTolerationSeconds: true,
  DenyServiceExternalIPs: false,
  EventRateLimit: false,
  ExtendedResourceToleration: false,
  ImagePolicyWebhook: false,
  LimitPodHardAntiAffinityTopology: false,
  LimitRanger: true,
  MutatingAdmissionPolicy: false,
  MutatingAdmissionWebhook: true,
  NamespaceAutoProvision: false,
  NamespaceExists: false,
  NamespaceLifecycle: true,
  NodeDeclaredFeatureValidator: false,
  NodeRestriction: false,
  OwnerReferencesPermissionEnforcement: false,
  PersistentVolumeClaimResize: true,
  // Of Kubernetes before 1.31, whose scripts still turn it off.
  PersistentVolumeLabel: false,
  PodNodeSelector: false,
  PodSecurity: true,
  PodTolerationRestriction: false,
  PodTopologyLabels: false,
  Priority: true,
  ResourceQuota: true,
  RuntimeClass: true,
  ServiceAccount: true,
  StorageObjectInUseProtection: false,
  TaintNodesByCondition: false,
  ValidatingAdmissionPolicy: true,
  ValidatingAdmissionWebhook: true,
};

/** The names among these that Kubernetes has no admission plugin of. */
export function unknownAdmissionPlugins(names: readonly string[]): string[] {
  return names.filter((name) => !Object.hasOwn(known, name));
}

/** The names among these that cannot be turned on, for there is nothing here to turn on. */
export function missingAdmissionPlugins(names: readonly string[]): string[] {
  return names.filter((name) => known[name] !== true);
}

function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function pluginsToDisable(text: string): string[] {
  const unknown = unknownAdmissionPlugins(names(text));
  if (unknown.length > 0) throw new InvalidArgumentError(`Kubernetes has no ${unknown.join(', ')}.`);
  return names(text);
}

function pluginsToEnable(text: string): string[] {
  const missing = missingAdmissionPlugins(names(text));
  if (missing.length > 0) throw new InvalidArgumentError(`There is no ${missing.join(', ')} here.`);
  return names(text);
}

/** kube-apiserver's flags about admission plugins. */
export function addAdmissionFlags(command: Command): void {
  command
    .optionsGroup('Admission:')
    .addOption(
      flag(
        '--enable-admission-plugins <list>',
        "plugins that must be on, by Kubernetes' names; all that there are here are on",
        'ENABLE_ADMISSION_PLUGINS',
      )
        .argParser(pluginsToEnable)
        .default([], 'none'),
    )
    .addOption(
      flag('--disable-admission-plugins <list>', 'plugins to leave out', 'DISABLE_ADMISSION_PLUGINS')
        .argParser(pluginsToDisable)
        .default([], 'none'),
    );
}

/** The plugins to leave out. @throws Error of one line where one is to be on and off */
export function disabledPlugins(raw: Readonly<Record<string, unknown>>): readonly string[] {
  const given = raw as {
    enableAdmissionPlugins: readonly string[];
    disableAdmissionPlugins: readonly string[];
  };
  const both = given.enableAdmissionPlugins.find((name) => given.disableAdmissionPlugins.includes(name));
  if (both !== undefined)
    throw new Error(`${both} is in enable-admission-plugins and in disable-admission-plugins`);
  return given.disableAdmissionPlugins;
}
