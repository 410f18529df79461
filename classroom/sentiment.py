# %% [markdown]
# ## For the teacher
#
# **Time**: 90 minutes.
#
# **Before the first cell**: write two sentences with the same words and opposite verdicts.
#
# **What goes wrong**
#
# - A rule works for one "but" and fails for two: read from left to right.
# - The negations are looked for, not counted: twice is back.
# - A sentence that fools one network is taken for one that fools all.
# - A high accuracy on real reviews is taken for understanding; the bag of words is nearly as good.
#
# **Discuss**: how would you find out whether a unit that flips at "not" is used by the network?

# %% 6.5.1 | medium | 20 min | objective 1
# %% test: six and nine clauses
texts, labels = corpus(200, [6, 9], seed=11)
assert [verdict(text) for text in texts] == labels.tolist()
# %% test: single clauses
texts, labels = corpus(100, [1], seed=12)
assert [verdict(text) for text in texts] == labels.tolist()


# %% wrong: what comes after the first "but", not after the last
def verdict(text):
    clause = text.split(" but ")[1] if " but " in text else text
    clause = clause.split(" although ")[0].split()
    turns = clause.count("not") + clause.count("nobody")
    return int((clause[-1] in GOOD) ^ (turns % 2 == 1))


# %% wrong: a negation is looked for, and a second one is overlooked
def verdict(text):
    decisive = text.split(" but ")[-1].split(" although ")[0].split()
    turned = "not" in decisive or "nobody" in decisive
    return int((decisive[-1] in GOOD) ^ turned)


# %% 6.5.2 | medium | 15 min | objective 3
# %% test: moved twice, it is back
examples = [t for t in x_train if t.count(" but ") == 1 and "although" not in t]
examples = [t for t in examples if t.split().count("not") == 1]
assert all(move_not(move_not(text)) == text for text in examples)
# %% test: the other words stay where they are
examples = [t for t in x_train if t.count(" but ") == 1 and "although" not in t]
for text in (t for t in examples if t.split().count("not") == 1):
    assert move_not(text).replace(" not ", " ") == text.replace(" not ", " ")
    assert move_not(text) != text


# %% wrong: always into the second clause
def move_not(text):
    first, second = text.replace(" not ", " ").split(" but ")
    return f"{first} but {second.replace(' is ', ' is not ')}"


# %% wrong: the clauses change places
def move_not(text):
    return " but ".join(reversed(text.split(" but ")))


# %% 6.5.3 | open | 20 min | objective 2
# %% test: the other two networks
for network in models[1:]:
    text = fool(network)
    decisive = text.split(" but ")[-1].split(" although ")[0].split()
    turns = decisive.count("not") + decisive.count("nobody")
    label = int((decisive[-1] in GOOD) ^ (turns % 2 == 1))
    assert network.predict(encode([text]))[0] != label


# %% test: a network that fails only at long sentences
class Tires:
    def predict(self, sequences):
        answers = []
        for text in (" ".join(vocabulary.decode(words)) for words in sequences):
            decisive = text.split(" but ")[-1].split(" although ")[0].split()
            turns = decisive.count("not") + decisive.count("nobody")
            right = (decisive[-1] in GOOD) ^ (turns % 2 == 1)
            n_links = text.split().count("but") + text.split().count("although")
            answers.append(int(right ^ (n_links > 3)))
        return np.array(answers)

    def predict_proba(self, sequences):
        return np.eye(2)[self.predict(sequences)]


text = fool(Tires())
assert 4 < len(text.replace(" although ", " but ").split(" but ")) <= 12


# %% wrong: the first network is asked, whichever is given
def fool(model):
    texts, labels = corpus(2000, [1, 2, 3, 6, 12], seed=7)
    wrong = np.flatnonzero(models[0].predict(encode(texts)) != labels)
    return min((texts[i] for i in wrong), key=lambda text: len(text.split()))


# %% wrong: only sentences as long as those of the training
def fool(model):
    texts, labels = corpus(4000, [1, 2, 3], seed=7)
    wrong = np.flatnonzero(model.predict(encode(texts)) != labels)
    return min((texts[i] for i in wrong), key=lambda text: len(text.split()))
