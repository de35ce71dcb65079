import { stringify } from 'yaml';

type Json = Record<string, unknown>;

/** A definition of our own that has something of everything. */
export const backupsDefinition = stringify({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'backups.storage.example.com' },
  spec: {
    group: 'storage.example.com',
    scope: 'Namespaced',
    names: { plural: 'backups', singular: 'backup', kind: 'Backup', shortNames: ['bk'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A copy of a volume that is made again and again.',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                description: 'What is copied, and when.',
                required: ['volume'],
                properties: {
                  volume: { type: 'string', maxLength: 63, description: 'Name of the volume.' },
                  schedule: {
                    type: 'string',
                    maxLength: 64,
                    default: '@daily',
                    pattern: '^(@(hourly|daily|weekly)|(\\S+ ){4}\\S+)$',
                    description: 'When copies are made.',
                  },
                  copies: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 100,
                    default: 3,
                    description: 'How many are kept.',
                  },
                  tier: {
                    type: 'string',
                    enum: ['hot', 'cold'],
                    default: 'hot',
                    description: 'Where they are kept.',
                  },
                  port: { 'x-kubernetes-int-or-string': true },
                  windows: {
                    type: 'array',
                    maxItems: 10,
                    items: {
                      type: 'object',
                      required: ['day'],
                      properties: { day: { type: 'string', maxLength: 10 }, hour: { type: 'integer' } },
                    },
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['day'],
                  },
                },
                'x-kubernetes-validations': [
                  {
                    rule: "self.tier != 'cold' || self.copies <= 10",
                    message: 'cold copies are at most ten',
                  },
                  {
                    rule: 'self.volume == oldSelf.volume',
                    message: 'the volume cannot be changed',
                    fieldPath: '.volume',
                  },
                ],
              },
              status: {
                type: 'object',
                properties: {
                  copies: { type: 'integer' },
                  selector: { type: 'string' },
                  phase: { type: 'string' },
                },
              },
            },
          },
        },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.copies',
            statusReplicasPath: '.status.copies',
            labelSelectorPath: '.status.selector',
          },
        },
        selectableFields: [{ jsonPath: '.spec.tier' }],
        additionalPrinterColumns: [
          { name: 'Volume', type: 'string', jsonPath: '.spec.volume' },
          { name: 'Copies', type: 'integer', jsonPath: '.spec.copies' },
          { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
});

/** One instance of it. */
export function backup(name: string, spec: Json = { volume: 'data' }, metadata: Json = {}): string {
  return stringify({
    apiVersion: 'storage.example.com/v1',
    kind: 'Backup',
    metadata: { name, ...metadata },
    spec,
  });
}

/** Made up, but as deep and as wide as what operators generate from Go types that embed a pod template. */
function deepSchema(depth: number, width: number): Json {
  const properties: Json = {
    name: {
      type: 'string',
      description:
        'Name of this part; unique among its siblings, shown in events and in the status of the whole.',
    },
    limit: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': true,
      pattern: '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE])?$',
      description: 'Most of the resource that this part may use. Without it there is no limit.',
    },
    labels: { type: 'object', additionalProperties: { type: 'string' }, description: 'Labels of this part.' },
  };
  for (let at = 0; depth > 0 && at < width; at++) {
    const below = deepSchema(depth - 1, width);
    properties[`part${at}`] =
      at % 2 === 0 ? below : { type: 'array', items: below, description: 'Parts in order.' };
  }
  return {
    type: 'object',
    description: 'One part of the whole, with everything that can be said of it and of the parts beneath.',
    properties,
  };
}

/** A definition of several hundred KB, as those of well-known operators are. */
export function bigDefinition(plural: string, kind: string): string {
  return JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.operators.example.com` },
    spec: {
      group: 'operators.example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: deepSchema(5, 3),
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
          subresources: { status: {} },
        },
      ],
    },
  });
}
