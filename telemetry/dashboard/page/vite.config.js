import { defineConfig } from 'vite'

// What is built is committed in ../dist, from where the node serves it.
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: '../dist', emptyOutDir: true, modulePreload: false, target: 'es2022', reportCompressedSize: true },
})
