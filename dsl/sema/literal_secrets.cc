#include "dsl/sema/literal_secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

// How a secret of a service begins, and how many letters, digits, `_` and `-` follow at least.
struct SecretForm {
  std::string_view begins;
  std::size_t least;
  std::string_view what;
};
constexpr std::array kSecretForms{SecretForm{"ghp_", 30, "a GitHub token"},
                                  SecretForm{"gho_", 30, "a GitHub token"},
                                  SecretForm{"ghs_", 30, "a GitHub token"},
                                  SecretForm{"ghr_", 30, "a GitHub token"},
                                  SecretForm{"github_pat_", 30, "a GitHub token"},
                                  SecretForm{"glpat-", 20, "a GitLab token"},
                                  SecretForm{"sk-ant-", 20, "an API key"},
                                  SecretForm{"sk-proj-", 20, "an API key"},
                                  SecretForm{"sk-", 32, "an API key"},
                                  SecretForm{"AKIA", 16, "an access key"},
                                  SecretForm{"ASIA", 16, "an access key"},
                                  SecretForm{"AIza", 30, "an API key"},
                                  SecretForm{"xoxb-", 20, "a Slack token"},
                                  SecretForm{"xoxp-", 20, "a Slack token"},
                                  SecretForm{"npm_", 36, "an npm token"},
                                  SecretForm{"pypi-", 40, "a PyPI token"},
                                  SecretForm{"hf_", 30, "a Hugging Face token"},
                                  SecretForm{"sk_live_", 20, "a payment key"}};

bool is_part(char one) {
  return std::isalnum(static_cast<unsigned char>(one)) != 0 || one == '_' || one == '-';
}

std::size_t length_of_run(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_part) - text.begin());
}

// What it is; empty: no secret that is known.
std::string_view secret_in(std::string_view text) {
  const std::size_t key = text.find("-----BEGIN ");
  if (key != std::string_view::npos && text.find("PRIVATE KEY-----", key) != std::string_view::npos)
    return "a private key";
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view run = text.substr(at, length_of_run(text.substr(at)));
    for (const SecretForm& form : kSecretForms) {
      if (run.starts_with(form.begins) && run.size() >= form.begins.size() + form.least)
        return form.what;
    }
    at += run.size() + 1;
  }
  return {};
}

class SecretSearch {
 public:
  SecretSearch(const SourceMap& sources, DiagnosticSink& sink) : sources_(sources), sink_(sink) {}

  void look(const ast::Body& body) {
    for (const ast::Body::Item& item : body.items) {
      if (item.assignment)
        look(item.assignment->value, &item.assignment->key);
      if (item.block)
        look(item.block->body);
    }
  }

 private:
  void look(const ast::Value& value, const ast::Ident* key) {
    for (const ast::Atom& atom : value.atoms) {
      if (atom.kind == ast::Atom::Kind::kString)
        look(atom, key);
      for (const ast::Argument& argument : atom.args) {
        if (argument.value)
          look(*argument.value, argument.name ? &*argument.name : key);
      }
      if (atom.block)
        look(*atom.block);
    }
  }

  // By the text of the file, so that a hole hides nothing.
  void look(const ast::Atom& atom, const ast::Ident* key) {
    const std::string_view what = secret_in(sources_.text(atom.span));
    if (what.empty())
      return;
    Diagnostic diagnostic = error("F606", atom.span, "a secret is written out in the fleet's text",
                                  "looks like " + std::string(what));
    if (key != nullptr)
      diagnostic.secondary.push_back({key->span, "given here"});
    diagnostic.notes.push_back(
        "whoever can read the repository has it, now and from its history: renew it as well");
    diagnostic.helps.push_back(
        {"declare it, `credential NAME { from = env(VARIABLE); … }`, and grant that: `grants = "
         "[NAME]`",
         {},
         false});
    sink_.add(std::move(diagnostic));
  }

  const SourceMap& sources_;
  DiagnosticSink& sink_;
};

}  // namespace

void refuse_secrets(const SourceMap& sources, const std::vector<Module>& modules,
                    DiagnosticSink& sink) {
  SecretSearch search(sources, sink);
  for (const Module& module : modules) {
    if (module.name.starts_with("std."))
      continue;
    for (const ast::File& file : module.files)
      search.look(file.body);
  }
}

}  // namespace fleet::sema
