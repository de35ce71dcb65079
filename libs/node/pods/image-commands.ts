import type { Container } from '@drydock/api/core/v1';

/** `nginx` of `registry.example:5000/library/nginx:1.27@sha256:…`. */
export function imageName(image: string): string {
  return image.split('@')[0]!.split('/').at(-1)!.split(':')[0]!;
}

/** What a container runs: its command, or its image's entry point where that is known, with its arguments. */
export function argumentsOf({ image = '', command = [], args = [] }: Container): readonly string[] {
  if (command.length > 0 || imageName(image) !== 'agnhost') return [...command, ...args];
  return ['/agnhost', ...(args.length > 0 ? args : ['pause'])];
}
