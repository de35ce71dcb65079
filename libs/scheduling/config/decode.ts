import { validateShape } from '@drydock/api/validation';
import { parseDuration, TerminalError } from '@drydock/base/apimachinery';
import { configurationShape, pluginArgs, type Shape } from './schema.ts';
import type { KubeSchedulerConfiguration, PluginConfig } from './types.ts';

const group = 'kubescheduler.config.k8s.io';

function described(value: unknown, type: string): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number' && type.startsWith('int')) return `number ${value}`;
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goType(shape: Shape): string {
  if (typeof shape === 'string') return shape === 'duration' ? 'string' : shape;
  if ('list' in shape) return `[]${goType(shape.list)}`;
  if ('message' in shape) return shape.message.split('.').slice(-2).join('.');
  return `v1.${shape.type}`;
}

const isInteger = (value: unknown, bits: 32 | 64) =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** (bits - 1);

function fits(shape: Shape, value: unknown): boolean {
  switch (shape) {
    case 'any':
      return true;
    case 'string':
    case 'duration':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return isInteger(value, 32);
    case 'int64':
      return isInteger(value, 64);
    case 'float32':
      return typeof value === 'number';
    default:
      return 'list' in shape
        ? Array.isArray(value)
        : typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

/**
 * Walks a value; throws where it does not fit, as Go's decoder says it. Answers the value without nulls, and adds
 * what nobody knows to `unknown`.
 */
function decode(shape: Shape, value: unknown, at: string, owner: string, unknown: string[]): unknown {
  const path = at.replace(/\[\d+\]/g, '');
  if (!fits(shape, value)) {
    const type = goType(shape);
    const field = at === '' ? `Go value of type ${type}` : `Go struct field ${owner}.${path} of type ${type}`;
    throw new TerminalError(`json: cannot unmarshal ${described(value, type)} into ${field}`);
  }
  if (shape === 'duration') {
    try {
      parseDuration(value as string);
    } catch (error) {
      throw new TerminalError(error instanceof Error ? error.message : String(error));
    }
  }
  if (typeof shape === 'string') return value;
  if ('list' in shape)
    return (value as unknown[]).map((item, index) =>
      decode(shape.list, item, `${at}[${index}]`, owner, unknown),
    );
  if ('message' in shape) {
    const copy = structuredClone(value) as object;
    const report = validateShape(shape.message, copy);
    if (report.error !== undefined) throw new TerminalError(report.error);
    unknown.push(...report.unknown.map((field) => `${at}.${field}`));
    return copy;
  }
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value as object)) {
    const below = shape.fields[name];
    const where = at === '' ? name : `${at}.${name}`;
    if (below === undefined) unknown.push(where);
    else if (item !== null) result[name] = decode(below, item, where, shape.type, unknown);
  }
  return result;
}

const strict = (problems: readonly string[]) => `strict decoding error: ${problems.join(', ')}`;
const unknownFields = (names: readonly string[]) =>
  names.map((name) => `unknown field ${JSON.stringify(name)}`);

/** Decodes the `args` of a plugin that is known; those of others are theirs to read. */
function decodeArgs({ name, args }: PluginConfig, problems: string[], where: string): PluginConfig {
  const shape = pluginArgs[name];
  if (shape === undefined || args === undefined) return { name, ...(args === undefined ? {} : { args }) };
  const { apiVersion = `${group}/v1`, kind = `${name}Args` } = args as { apiVersion?: string; kind?: string };
  const version = apiVersion.split('/').at(-2) ?? '';
  if (version !== group || kind !== `${name}Args`)
    throw new TerminalError(
      `${where}: args for plugin ${name} were not of type ${name}Args.${group}, got ${kind}.${version}`,
    );
  const unknown: string[] = [];
  try {
    const decoded = decode(shape, args, '', `${name}Args`, unknown) as PluginConfig['args'];
    if (unknown.length > 0)
      problems.push(
        `${where}: ${strict([`decoding args for plugin ${name}: ${strict(unknownFields(unknown))}`])}`,
      );
    return { name, args: decoded ?? {} };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TerminalError(`${where}: decoding args for plugin ${name}: ${reason}`, { cause: error });
  }
}

/** Reads a value strictly: what is not known, or does not fit, is an error in the words of Kubernetes' decoder. */
export function decodeConfiguration(value: unknown): KubeSchedulerConfiguration {
  const unknown: string[] = [];
  const decoded = decode(configurationShape, value, '', '', unknown) as KubeSchedulerConfiguration;
  const problems = unknownFields(unknown);
  const profiles = decoded.profiles?.map((profile, at) =>
    profile.pluginConfig === undefined
      ? profile
      : {
          ...profile,
          pluginConfig: profile.pluginConfig.map((config, index) =>
            decodeArgs(config, problems, `decoding .profiles[${at}].pluginConfig[${index}]`),
          ),
        },
  );
  if (problems.length > 0) throw new TerminalError(strict(problems));
  return profiles === undefined ? decoded : { ...decoded, profiles };
}
