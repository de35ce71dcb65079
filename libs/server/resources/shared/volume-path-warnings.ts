import type { Volume, VolumeProjection } from '@drydock/api/core/v1';
import { goQuote } from '@drydock/base/apimachinery';

/** A file that a volume will hold, and which part of a projected volume brings it. */
interface Place {
  readonly path: string;
  readonly source: string;
}

function placesOf(items: readonly { readonly path?: string }[] | undefined, source: string): Place[] {
  return (items ?? []).map(({ path = '' }) => ({ path: path.replace(/\/+$/, ''), source }));
}

function placesOfProjection(source: VolumeProjection): Place[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap?.items !== undefined)
    return placesOf(configMap.items, `ConfigMap ${goQuote(configMap.name ?? '')}`);
  if (secret?.items !== undefined) return placesOf(secret.items, `Secret ${goQuote(secret.name ?? '')}`);
  if (downwardAPI?.items !== undefined) return placesOf(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken !== undefined) return placesOf([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle === undefined) return [];
  const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
  return placesOf([clusterTrustBundle], `ClusterTrustBundle ${goQuote(name)}`);
}

function shown({ path, source }: Place): string {
  return source === '' ? goQuote(path) : `${goQuote(path)} (${source})`;
}

/** Each file with each one before it that it takes the place of, or that stands in its way. */
function overlaps(places: readonly Place[]): string[] {
  const within = (one: Place, other: Place): boolean => `${one.path}/`.startsWith(`${other.path}/`);
  return places.flatMap((place, index) =>
    places
      .slice(0, index)
      .filter((before) => place.path !== '' && before.path !== '')
      .filter((before) => within(place, before) || within(before, place))
      .map((before) => `overlapping paths: ${shown(place)} with ${shown(before)}`),
  );
}

/** Advice on volumes whose files hide each other, and on projected volumes of nothing. */
export function volumePathWarnings(volumes: readonly Volume[] | undefined): string[] {
  return (volumes ?? []).flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const of = (kind: string): string => `volume ${goQuote(name ?? '')} (${kind})`;
    const tell = (kind: string, places: readonly Place[]): string[] =>
      overlaps(places).map((text) => `${of(kind)}: ${text}`);
    const sources = projected?.sources ?? [];
    const empty = sources.filter((source) => Object.keys(source).length === 0);
    return [
      ...tell(`ConfigMap ${goQuote(configMap?.name ?? '')}`, placesOf(configMap?.items, '')),
      ...tell(`Secret ${goQuote(secret?.secretName ?? '')}`, placesOf(secret?.items, '')),
      ...tell('DownwardAPI', placesOf(downwardAPI?.items, '')),
      ...empty.map(() => `${of('Projected')} has no sources provided`),
      ...tell('Projected', sources.flatMap(placesOfProjection)),
    ];
  });
}
