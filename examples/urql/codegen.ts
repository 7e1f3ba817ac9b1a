import type { CodegenConfig } from '@graphql-codegen/cli';

// Makes src/gql/graphql.ts: a typed document for each operation in operations/.
const config: CodegenConfig = {
  schema: '../../schema.graphqls', // outside of this checkout: a copy of it, or the address of your service in development
  documents: 'operations/*.graphql',
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: { scalars: { Time: 'string' }, enumsAsTypes: true, useTypeImports: true },
    },
  },
  importExtension: '.js',
  silent: true,
};

export default config;
