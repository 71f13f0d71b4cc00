"""The study DUALRec: what does a language model add to a sequence model that recommends movies?"""
