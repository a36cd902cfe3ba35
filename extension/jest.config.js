// JupyterLab's packages are ES modules, which jest cannot read as they are.
const modules = ['@jupyter', '@jupyterlab', '@lumino', '@codemirror', '@marijn', 'lib0', 'y-.*', 'yjs'];

module.exports = {
  testEnvironment: '<rootDir>/tests/environment.js',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: {
    '\\.[jt]sx?$': ['ts-jest', { tsconfig: 'tsconfig.test.json', diagnostics: { exclude: ['**/*.js'] } }]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${modules.join('|')})/)`],
  moduleNameMapper: { '\\.(css|svg)$': '<rootDir>/tests/empty.js' }
};
