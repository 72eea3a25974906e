"""The language server in a real editor: Neovim, with its own client and no configuration."""
import json
import shutil
import subprocess
import unittest

import support
from support import BINARY, FleetTest, PATIENCE

FLEET = '''use std.roles (builder)

fleet ship v1 {
  repo   = git(".", base: main)
  budgt  = $10/run

  runtime tool { adapter = shell; command = "sh tool.sh {task}" }
  agent backend : builder { runtime = tool; accept = ["true" passes]; budget = $1/task }

  flow main(task) {
    build = backend(task) retry 1
    tests = run("make {task}") after build.accepted
  }
}
'''

# What a user does, one thing after another; each result goes to a file as JSON.
SCRIPT = r'''
local out = {}
local patience = tonumber(vim.env.PATIENCE_MS)
vim.cmd('edit a.fleet')
local buffer = vim.api.nvim_get_current_buf()
local client = vim.lsp.start_client({
  name = 'fleetc', cmd = { vim.env.FLEETC, 'lsp' }, root_dir = vim.fn.getcwd(),
})
vim.lsp.buf_attach_client(buffer, client)

local function at(text, into)
  local line = vim.fn.search('\\V' .. text, 'cw')
  vim.api.nvim_win_set_cursor(0, { line, vim.fn.col('.') - 1 + (into or 0) })
end
local function ask(method, more)
  local params = vim.lsp.util.make_position_params(0, vim.lsp.get_client_by_id(client).offset_encoding)
  for name, value in pairs(more or {}) do params[name] = value end
  local answers, problem = vim.lsp.buf_request_sync(buffer, method, params, patience)
  if not answers then return { problem = problem } end
  for _, answer in pairs(answers) do return answer end
end
local function text()
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n') .. '\n'
end

vim.wait(patience, function() return #vim.diagnostic.get(buffer) > 0 end)
for _, one in ipairs(vim.diagnostic.get(buffer)) do
  out.diagnostics = out.diagnostics or {}
  table.insert(out.diagnostics, { line = one.lnum, column = one.col, message = one.message })
end

local range = { start = { line = 4, character = 2 }, ['end'] = { line = 4, character = 3 } }
local actions = ask('textDocument/codeAction', { range = range, context = { diagnostics = {} } })
for _, action in ipairs(actions.result or {}) do
  if action.kind == 'quickfix' then
    vim.lsp.util.apply_workspace_edit(action.edit, 'utf-16')
  end
end
vim.wait(patience, function() return #vim.diagnostic.get(buffer) == 0 end)
out.left = #vim.diagnostic.get(buffer)
out.fixed = text()

at('build = ')
out.hover = ask('textDocument/hover').result.contents.value
out.references = #ask('textDocument/references', { context = { includeDeclaration = true } }).result
at('backend(')
vim.lsp.buf.definition()
vim.wait(patience, function() return vim.fn.line('.') == 8 end)
out.definition = vim.fn.line('.')
at('retry 1')
out.completion = {}
for _, item in ipairs(ask('textDocument/completion').result.items) do
  table.insert(out.completion, item.label)
end
at('task) retry')
local edit = ask('textDocument/rename', { newName = 'ticket' })
vim.lsp.util.apply_workspace_edit(edit.result, 'utf-16')
out.renamed = text()
vim.lsp.buf.formatting_sync(nil, patience)
out.formatted = text()

vim.lsp.stop_client(client)
out.ended = vim.wait(patience, function() return vim.lsp.client_is_stopped(client) end)
vim.fn.writefile({ vim.fn.json_encode(out) }, 'out.json')
vim.cmd('qall!')
'''


@unittest.skipUnless(shutil.which("nvim"), "there is no nvim: apt-get install neovim")
class Neovim(FleetTest):
    def test_a_fleet_is_written_in_neovim(self):
        repo = self.space.repo({"a.fleet": FLEET, "user.lua": SCRIPT})
        environment = self.space.environment(FLEETC=BINARY, PATIENCE_MS=str(int(PATIENCE * 1000)))
        done = subprocess.run(["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n",
                               "-c", "luafile user.lua"], cwd=repo.path, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=4 * PATIENCE,
                              check=False)
        result = repo.path / "out.json"
        self.assertTrue(result.exists(), done.stderr.decode() + done.stdout.decode())
        out = json.loads(result.read_text())

        self.assertEqual([(one["line"], one["column"]) for one in out["diagnostics"]], [(4, 2)])
        self.assertIn("unknown key `budgt`", out["diagnostics"][0]["message"])
        self.assertEqual(out["left"], 0)
        self.assertIn("  budget  = $10/run", out["fixed"])
        self.assertIn("at most $2.00", out["hover"])
        self.assertEqual(out["references"], 2)
        self.assertEqual(out["definition"], 8)
        self.assertIn("timeout", out["completion"])
        self.assertIn("flow main(ticket)", out["renamed"])
        self.assertIn('run("make {ticket}")', out["renamed"])
        self.assertIn("  budget = $10/run", out["formatted"])
        self.assertTrue(out["ended"])
        self.assert_no_process_left()


if __name__ == "__main__":
    support.main()
