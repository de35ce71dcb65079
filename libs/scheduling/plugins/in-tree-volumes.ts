import type { PersistentVolume, Volume } from '@drydock/api/core/v1';
import type { CSINode } from '@drydock/api/storage/v1';

/** A volume as a CSI driver sees it. */
export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

type Sources = Pick<
  Volume,
  'awsElasticBlockStore' | 'azureDisk' | 'azureFile' | 'cinder' | 'gcePersistentDisk' | 'portworxVolume'
> & { readonly vsphereVolume?: unknown };

/** Plugins that were once built into Kubernetes → the drivers that do their work now. (KEP-625) */
const drivers: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
};
/** Its driver takes over node by node, as the CSINode says. */
const byNode = 'kubernetes.io/portworx-volume';

const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'];

function diskPath(name: string, labels: Readonly<Record<string, string>> | undefined): string {
  const zone = zoneLabels.map((label) => labels?.[label]).find((value) => value !== undefined);
  const zones = zone?.split('__') ?? [];
  const where =
    zones.length > 1
      ? `regions/${(zones[0] ?? '').replace(/-[^-]*$/, '')}`
      : `zones/${zones[0] ?? 'UNSPECIFIED'}`;
  return `projects/UNSPECIFIED/${where}/disks/${name}`;
}

function sourceOf(
  source: Sources | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): { plugin: string; handle: string } | undefined {
  if (source?.awsElasticBlockStore !== undefined) {
    const id = source.awsElasticBlockStore.volumeID;
    return { plugin: 'kubernetes.io/aws-ebs', handle: id.slice(id.lastIndexOf('/') + 1) };
  }
  if (source?.azureDisk !== undefined)
    return { plugin: 'kubernetes.io/azure-disk', handle: source.azureDisk.diskURI };
  if (source?.cinder !== undefined) return { plugin: 'kubernetes.io/cinder', handle: source.cinder.volumeID };
  if (source?.gcePersistentDisk !== undefined)
    return { plugin: 'kubernetes.io/gce-pd', handle: diskPath(source.gcePersistentDisk.pdName, labels) };
  if (source?.portworxVolume !== undefined) return { plugin: byNode, handle: source.portworxVolume.volumeID };
  return undefined;
}

function takesOver(plugin: string, csiNode: CSINode | undefined): boolean {
  if (csiNode === undefined) return false;
  if (plugin !== byNode) return true;
  const moved = csiNode.metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'];
  return moved?.split(',').includes(plugin) === true;
}

/** The CSI driver that provisions on a node for the provisioner of a class; undefined: nobody that counts. */
export function driverOf(provisioner: string, csiNode: CSINode | undefined): string | undefined {
  const driver = drivers[provisioner];
  if (driver === undefined) return provisioner;
  return takesOver(provisioner, csiNode) ? driver : undefined;
}

/** A PersistentVolume, or a volume of a Pod itself, as the CSI driver of a node sees it. */
export function csiVolumeOf(
  volume: PersistentVolume | Volume,
  csiNode: CSINode | undefined,
): CsiVolume | undefined {
  const own = !('metadata' in volume);
  const source: Sources | undefined = own ? volume : volume.spec;
  const csi = own ? undefined : volume.spec?.csi;
  if (csi !== undefined) return { driver: csi.driver, handle: csi.volumeHandle };
  const found = sourceOf(source, own ? undefined : volume.metadata.labels);
  const driver = found && takesOver(found.plugin, csiNode) ? drivers[found.plugin] : undefined;
  return found === undefined || driver === undefined ? undefined : { driver, handle: found.handle };
}

/** Whether a volume of a Pod is of a kind that a CSI driver has taken over. */
export function isMigratable(volume: Volume): boolean {
  const { azureFile, vsphereVolume }: Sources = volume;
  return sourceOf(volume, undefined) !== undefined || azureFile !== undefined || vsphereVolume !== undefined;
}
