import type { CodegenConfig } from '@graphql-codegen/cli';

// Makes src/gql of the schema and of src/operations: a typed document for each operation, and its types.
export default {
  schema: '../../schema.graphqls',
  documents: 'src/operations/*.graphql',
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: { scalars: { Time: 'string', ID: 'string' }, enumsAsTypes: true, useTypeImports: true },
    },
  },
} satisfies CodegenConfig;
