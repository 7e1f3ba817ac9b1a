import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  server: { port: 5173, strictPort: true },
  resolve: { dedupe: ['@apollo/client', 'rxjs'] }, // latchkey-client is linked: it uses the app's
});
