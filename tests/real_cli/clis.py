"""How a fleet names each CLI and its service: what a user writes for a service that is not the vendor's."""
import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Cli:
    name: str      # the adapter's, and that of the program
    package: str   # of npm; run.sh installs it
    key: str       # the variable of its credential
    money: bool    # it reckons the cost itself
    patient: bool = False  # it waits for a service that can't be reached, without an end

    def brokered(self, url):
        """The same, asked through the broker: a runtime says where the service is, and nothing of how it gets there."""
        lines = {
            "claude": ['model = "claude-sonnet-4-5"', f'env = [ANTHROPIC_BASE_URL: "{url}"]'],
            "codex": ['model = "gpt-5.1-codex"', f'env = [OPENAI_BASE_URL: "{url}/v1"]', "price = $2/Mtok"],
            "gemini": ['model = "gemini-2.5-pro"', f'env = [GOOGLE_GEMINI_BASE_URL: "{url}"]', "price = $2/Mtok"],
            "opencode": ['model = "scripted/m1"', f'env = [OPENAI_BASE_URL: "{url}/v1", '
                         f'OPENCODE_CONFIG_CONTENT: "{self.provider(None)}"]', "price = $2/Mtok"],
        }[self.name]
        return self.declared(lines, "on")

    def runtime(self, url, sandbox="on"):
        """The declaration of a runtime `model` whose service is at `url`."""
        lines = {
            "claude": ['model = "claude-sonnet-4-5"', f'env = [ANTHROPIC_BASE_URL: "{url}"]'],
            "codex": ['model = "gpt-5.1-codex"', f'command = "codex -c openai_base_url={url}/v1"', "price = $2/Mtok"],
            "gemini": ['model = "gemini-2.5-pro"', f'env = [GOOGLE_GEMINI_BASE_URL: "{url}"]', "price = $2/Mtok"],
            "opencode": ['model = "scripted/m1"', f'env = [OPENCODE_CONFIG_CONTENT: "{self.provider(url)}"]'],
        }[self.name]
        return self.declared(lines, sandbox)

    def declared(self, lines, sandbox):
        return "\n".join([f"  runtime model {{\n    adapter = {self.name}", *(f"    {line}" for line in lines),
                          f"    sandbox = {sandbox}\n  }}"])

    @staticmethod
    def provider(url):
        """opencode's configuration, as a string of the language. No `url`: fleetc says where the service is."""
        options = {"baseURL": f"{url}/v1", "apiKey": "{env:SCRIPTED_API_KEY}"} if url else {}
        text = json.dumps({"provider": {"scripted": {
            "npm": "@ai-sdk/openai-compatible",
            "options": options,
            "models": {"m1": {"cost": {"input": 1, "output": 2}, "limit": {"context": 200000, "output": 8000}}}}}})
        return text.replace("{", "{{").replace("}", "}}").replace('"', '\\"')


CLIS = [
    Cli("claude", "@anthropic-ai/claude-code", "ANTHROPIC_API_KEY", money=True),
    Cli("codex", "@openai/codex", "OPENAI_API_KEY", money=False, patient=True),
    Cli("gemini", "@google/gemini-cli", "GEMINI_API_KEY", money=False),
    Cli("opencode", "opencode-ai", "SCRIPTED_API_KEY", money=True),
]
