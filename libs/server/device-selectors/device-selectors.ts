import type { DeviceAttribute } from '@drydock/api/resource/v1';
import type { DeviceSelectorCompiler, SelectableDevice } from '@drydock/port/device-selector';
import {
  bool,
  CelCompileError,
  CelError,
  compileProgram,
  dyn,
  formatType,
  mapOf,
  MapView,
  ObjectView,
  PlainMap,
  quantityValue,
  scalar,
  semverValue,
  type Program,
  type Type,
  type Value,
} from '../cel/index.ts';

/** Kubernetes' limit on what one look at a device may cost. */
const costLimit = 1_000_000;
const maxDomains = 32;
const maxDomainBytes = 63;
const maxIdBytes = 32;

const domains = (values: Type): Type =>
  mapOf(
    scalar('string', maxDomainBytes),
    mapOf(scalar('string', maxIdBytes), values, maxDomains),
    maxDomains,
  );
const fields = new Map<string, Type>([
  ['driver', scalar('string', maxDomainBytes)],
  // What an attribute is, is known only when a device is looked at.
  ['attributes', domains(dyn)],
  ['capacity', domains({ kind: 'opaque', name: 'kubernetes.Quantity' })],
  ['allowMultipleAllocations', bool],
]);
const deviceType: Type = {
  kind: 'object',
  name: 'kubernetes.DRADevice',
  field: (name) => fields.get(name),
};
const variables = new Map([['device', deviceType]]);

function compile(expression: string): Program {
  let program: Program;
  try {
    program = compileProgram(expression, variables);
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    throw new CelError(`compilation failed: ${error.message}`, { cause: error });
  }
  const { kind } = program.type;
  if (kind === 'bool' || kind === 'dyn') return program;
  throw new CelError(`must evaluate to bool or the unknown type, not ${formatType(program.type)}`);
}

/** What is wrong with an expression that selects devices; undefined when nothing is. */
export function deviceSelectorProblem(expression: string): string | undefined {
  try {
    compile(expression);
    return undefined;
  } catch (error) {
    if (error instanceof CelError) return error.message;
    throw error;
  }
}

const noEntries = new PlainMap();

/** By domain. One that is not there is looked up as an empty map, so that `has` and `in` can be asked of it. */
class DomainMap extends MapView {
  readonly #byDomain = new Map<string, [string, Value][]>();

  constructor(entries: Iterable<readonly [name: string, value: Value]>, driver: string) {
    super();
    for (const [name, value] of entries) {
      const slash = name.indexOf('/');
      const domain = slash < 0 ? driver : name.slice(0, slash);
      const known = this.#byDomain.get(domain) ?? [];
      known.push([name.slice(slash + 1), value]);
      this.#byDomain.set(domain, known);
    }
  }

  override has(key: Value): boolean {
    return typeof key === 'string' && this.#byDomain.has(key);
  }

  override get(key: Value): Value | undefined {
    const found = typeof key === 'string' ? this.#byDomain.get(key) : undefined;
    return found === undefined ? noEntries : new PlainMap(found);
  }

  override keys(): readonly Value[] {
    return [...this.#byDomain.keys()];
  }

  override get size(): number {
    return this.#byDomain.size;
  }
}

function attributeValue(attribute: DeviceAttribute): Value {
  if (attribute.int !== undefined) return BigInt(attribute.int);
  if (attribute.bool !== undefined) return attribute.bool;
  if (attribute.string !== undefined) return attribute.string;
  if (attribute.version !== undefined) return semverValue(attribute.version);
  throw new CelError('unsupported attribute value');
}

/** A device as expressions see it; its parts are made when they are asked for. */
class DeviceView extends ObjectView {
  readonly #device: SelectableDevice;
  readonly #made = new Map<string, Value>();

  constructor(device: SelectableDevice) {
    super();
    this.#device = device;
  }

  override names(): readonly string[] {
    return [...fields.keys()];
  }

  override field(name: string): Value | undefined {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name);
    if (made !== undefined) this.#made.set(name, made);
    return made;
  }

  #make(name: string): Value | undefined {
    const { driver, attributes = {}, capacity = {}, allowMultipleAllocations = false } = this.#device;
    switch (name) {
      case 'driver':
        return driver;
      case 'attributes':
        return new DomainMap(
          Object.entries(attributes).map(([key, one]) => [key, attributeValue(one)]),
          driver,
        );
      case 'capacity':
        return new DomainMap(
          Object.entries(capacity).map(([key, { value }]) => [key, quantityValue(value)]),
          driver,
        );
      case 'allowMultipleAllocations':
        return allowMultipleAllocations;
      default:
        return undefined;
    }
  }
}

/** Compiles an expression that selects devices, with everything that Kubernetes' expressions may call. */
export const compileDeviceSelector: DeviceSelectorCompiler = (expression) => {
  const program = compile(expression);
  return {
    matches(device) {
      const { value } = program.evaluate(
        new Map<string, Value>([['device', new DeviceView(device)]]),
        costLimit,
      );
      if (typeof value !== 'boolean') throw new CelError('CEL result could not be converted to bool');
      return value;
    },
  };
};
