import type { DeviceSelector, DeviceSelectorCompiler } from '@drydock/port/device-selector';

const maxCompiled = 256;

/** Compiles each expression once. */
export function remembering(compile: DeviceSelectorCompiler): DeviceSelectorCompiler {
  const known = new Map<string, DeviceSelector>();
  return (expression) => {
    let found = known.get(expression);
    if (found === undefined) {
      if (known.size >= maxCompiled) known.clear();
      known.set(expression, (found = compile(expression)));
    }
    return found;
  };
}
