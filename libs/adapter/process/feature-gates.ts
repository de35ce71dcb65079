import { InvalidArgumentError, type Option } from 'commander';
import type { FeatureGates } from '@drydock/server/resources';
import { commaSeparated, flag } from './flags.ts';

/** Off, as in Kubernetes 1.36 unless asked for. */
export const defaultFeatureGates: FeatureGates = { hpaScaleToZero: false };

const gates: Readonly<Record<string, keyof FeatureGates>> = { HPAScaleToZero: 'hpaScaleToZero' };

/** Reads `Name=true,Other=false`, in Kubernetes' words where it cannot. */
export function featureGates(text: string): FeatureGates {
  const chosen: Record<keyof FeatureGates, boolean> = { ...defaultFeatureGates };
  for (const pair of commaSeparated(text)) {
    const [name = '', value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0)
      throw new InvalidArgumentError(`missing bool value for ${name}`);
    const gate = Object.hasOwn(gates, name) ? gates[name] : undefined;
    if (gate === undefined) throw new InvalidArgumentError(`unrecognized feature gate: ${name}`);
    if (value !== 'true' && value !== 'false')
      throw new InvalidArgumentError(
        `invalid value of ${name}=${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
      );
    chosen[gate] = value === 'true';
  }
  return chosen;
}

/** `--feature-gates`, the same for every process that has features to turn on. */
export function featureGatesFlag(): Option {
  return flag(
    '--feature-gates <list>',
    `features to turn on: ${Object.keys(gates)
      .map((name) => `${name}=true`)
      .join(', ')}`,
  )
    .argParser(featureGates)
    .default(defaultFeatureGates, 'none');
}
